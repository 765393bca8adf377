//! Twenty functions at once, in any order.

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use hand_over_to_astra::{Deps, handler};
use shared::domain::{AstraStatus, Deadline};
use shared::ports::{Clock, StoreError};
use shared::test_util::faults::{Call, Effect, Fate, Fault, Faulty, Plan};
use shared::test_util::{
    AccountRepeat, Dice, FakeAstra, FixedClock, MemoryStore, MemoryVault, open_astra_tokens,
};

use crate::scene::{ITEM, Scene, event};

type FaultyDeps = Deps<Faulty<FakeAstra>, Faulty<MemoryStore>, Faulty<MemoryVault>, FixedClock>;
type Function = Pin<Box<dyn Future<Output = Result<(), StoreError>>>>;

const FUNCTIONS: usize = 20;
const A_WEEK: i64 = 7 * 86_400;

/// Nothing goes wrong, but every call takes another time.
struct Paces(Dice);

impl Fate for Paces {
    fn pace(&mut self, _call: &Call) -> u32 {
        u32::try_from(self.0.below(5)).unwrap()
    }

    fn fault(&mut self, _number: usize, _call: &Call) -> Option<Fault> {
        None
    }

    fn effect(&mut self, _effect: &Effect) {}
}

/// All of them hear of the same Item or of everything, and go on in the order of the dice.
async fn play(seed: u64) -> Scene {
    let scene = Scene::ready().await;
    scene.deps.astra.world().repeat = AccountRepeat::SecondAccount;
    scene.deps.clock.advance_seconds(A_WEEK);
    let Deps {
        astra,
        store,
        vault,
        clock,
    } = scene.deps;
    let (astra, store, vault) = (Arc::new(astra), Arc::new(store), Arc::new(vault));
    let mut dice = Dice::new(seed);
    let plan = Arc::new(Plan::new(&clock, Box::new(Paces(Dice::new(dice.roll())))));
    let deps = Arc::new(FaultyDeps {
        astra: Faulty::new(&astra, &plan),
        store: Faulty::new(&store, &plan),
        vault: Faulty::new(&vault, &plan),
        clock: clock.clone(),
    });
    let deadline = Deadline::after(clock.now(), Duration::from_secs(30));
    let mut functions: Vec<(usize, Function)> = Vec::new();
    for _ in 0..FUNCTIONS {
        let about = Some(ITEM).filter(|_| dice.one_in(2));
        let deps = Arc::clone(&deps);
        let event = event(about).invocation(deadline.moment().as_millisecond());
        let function = async move { handler(&*deps, event).await };
        functions.push((plan.actor(deadline), Box::pin(function)));
    }
    let mut context = Context::from_waker(Waker::noop());
    while !functions.is_empty() {
        let turn = dice.below(functions.len());
        let (actor, function) = &mut functions[turn];
        plan.enter(*actor);
        if let Poll::Ready(ended) = function.as_mut().poll(&mut context) {
            ended.unwrap();
            drop(functions.swap_remove(turn));
        }
    }
    drop(deps);
    drop(plan);
    Scene {
        deps: Deps {
            astra: Arc::into_inner(astra).unwrap(),
            store: Arc::into_inner(store).unwrap(),
            vault: Arc::into_inner(vault).unwrap(),
            clock,
        },
    }
}

#[tokio::test]
async fn twenty_functions_leave_one_valid_token_and_one_account() {
    for seed in 0..200 {
        let scene = play(seed).await;
        assert_eq!(scene.asked("refresh"), 1, "seed {seed}");
        assert_eq!(scene.asked("hand_over"), 1, "seed {seed}");
        assert_eq!(scene.live().len(), 1, "seed {seed}");
        assert_eq!(
            scene.status(ITEM, "a"),
            Some(AstraStatus::Linked),
            "seed {seed}"
        );
        assert_eq!(scene.events(), ["astra.account_linked"], "seed {seed}");
        let (access, _) = open_astra_tokens(&scene.connection()).await;
        assert!(scene.deps.astra.user_of(&access).is_some(), "seed {seed}");
        assert!(scene.deps.store.records().leases.is_empty(), "seed {seed}");
    }
}
