//! That Astra in memory does what Astra documents.

use super::*;
use crate::domain::AstraFailureClass::{AlreadyThere, Reauthorize, Refused};

const URI: &str = "https://app.example/astra";

fn astra() -> (FakeAstra, FixedClock, Deadline) {
    let clock = FixedClock::at_second(1_795_000_000);
    let deadline = Deadline::after(clock.now(), Duration::from_secs(20));
    (FakeAstra::new(&clock), clock, deadline)
}

#[tokio::test]
async fn a_code_is_good_once_for_a_short_time_and_for_its_uri() {
    let (astra, clock, deadline) = astra();
    let class = |failure: AstraFailure| failure.class();
    let code = astra.authorize("ada", URI);
    let tokens = astra.redeem(&code, URI, deadline).await.unwrap();
    let user_id = astra.astra_user(&tokens.access, deadline).await.unwrap();
    assert_eq!(user_id, AstraUserId::new("ada"));
    let again = astra.redeem(&code, URI, deadline).await;
    assert_eq!(again.map_err(class).err(), Some(Reauthorize));
    let code = astra.authorize("ada", URI);
    let elsewhere = astra.redeem(&code, "https://evil.example", deadline).await;
    assert_eq!(elsewhere.map_err(class).err(), Some(Reauthorize));
    let code = astra.authorize("ada", URI);
    clock.advance_seconds(CODE_SECONDS);
    let late = astra.redeem(&code, URI, deadline).await;
    assert_eq!(late.map_err(class).err(), Some(Reauthorize));
}

#[tokio::test]
async fn only_the_newest_access_token_works_and_not_for_ever() {
    let (astra, clock, deadline) = astra();
    let old = astra.connect("ada", URI);
    let of_old = old.refresh.as_ref().unwrap();
    let new = astra.refresh(of_old, URI, deadline).await.unwrap();
    assert!(astra.user_of(&old.access).is_none());
    assert!(astra.user_of(&new.access).is_some());
    clock.advance_seconds(TOKEN_SECONDS);
    let failure = astra.astra_user(&new.access, deadline).await.unwrap_err();
    assert_eq!(failure.class(), Reauthorize);
    let failure = astra.refresh(of_old, URI, deadline).await.unwrap_err();
    assert_eq!(failure.class(), Reauthorize);
}

#[tokio::test]
async fn a_refresh_token_is_good_again_unless_it_is_said_otherwise() {
    let (astra, _, deadline) = astra();
    let tokens = astra.connect("ada", URI).refresh.unwrap();
    for _ in 0..2 {
        assert!(astra.refresh(&tokens, URI, deadline).await.is_ok());
    }
    astra.world().refresh_once = true;
    assert!(astra.refresh(&tokens, URI, deadline).await.is_ok());
    assert!(astra.refresh(&tokens, URI, deadline).await.is_err());
    let ada = AstraUserId::new("ada");
    let tokens = astra.connect("ada", URI);
    astra.world().revoke(&ada);
    assert!(astra.user_of(&tokens.access).is_none());
    let refresh = tokens.refresh.unwrap();
    assert!(astra.refresh(&refresh, URI, deadline).await.is_err());
}

#[tokio::test]
async fn an_account_is_made_once_unless_it_is_said_otherwise() {
    let (astra, _, deadline) = astra();
    let ada = astra.connect("ada", URI).access;
    let bob = astra.connect("bob", URI).access;
    let (first, second) = (ProcessorToken::new("p-1"), ProcessorToken::new("p-2"));
    let hand_over = async |user, token| astra.hand_over(user, token, None, deadline).await;
    let account_id = hand_over(&ada, &first).await.unwrap();
    assert!(hand_over(&bob, &first).await.is_ok(), "somebody else's");
    let failure = hand_over(&ada, &first).await.unwrap_err();
    assert_eq!(failure.class(), AlreadyThere);
    let same = ("p-2".to_owned(), "p-1".to_owned());
    astra.world().bank_accounts.extend([same]);
    let failure = hand_over(&ada, &second).await.unwrap_err();
    assert_eq!(failure.class(), AlreadyThere, "the same bank account");
    astra.world().repeat = AccountRepeat::SecondAccount;
    let newer = hand_over(&ada, &first).await.unwrap();
    let ids = astra.astra_accounts(&ada, deadline).await.unwrap();
    assert_eq!(ids, [newer, account_id]);
    astra.world().dead_processor_tokens.insert("p-2".to_owned());
    let failure = hand_over(&ada, &second).await.unwrap_err();
    assert_eq!(failure.class(), Refused);
}

#[tokio::test]
async fn an_account_in_use_is_kept_and_an_unknown_one_is_gone() {
    let (astra, _, deadline) = astra();
    let ada = astra.connect("ada", URI).access;
    let bob = astra.connect("bob", URI).access;
    let token = ProcessorToken::new("p");
    let made = astra.hand_over(&ada, &token, None, deadline).await;
    let id = made.unwrap();
    let exists = async || astra.astra_account_exists(&ada, &id, deadline).await;
    astra.world().account_mut(&id).unwrap().active_routines = 1;
    let kept = astra.delete_astra_account(&ada, &id, deadline).await;
    assert_eq!(kept.unwrap_err().class(), Refused);
    astra.world().account_mut(&id).unwrap().active_routines = 0;
    let others = astra.delete_astra_account(&bob, &id, deadline).await;
    assert!(others.is_ok() && exists().await.unwrap(), "not bob's");
    for _ in 0..2 {
        let gone = astra.delete_astra_account(&ada, &id, deadline).await;
        assert!(gone.is_ok() && !exists().await.unwrap());
    }
    assert_eq!(astra.astra_accounts(&ada, deadline).await.unwrap(), []);
}
