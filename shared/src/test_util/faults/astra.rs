//! Astra, as it goes wrong. Our client never sends a code or a hand-over twice.

use super::{Failure, Faulty, Kind, Service};
use crate::domain::{
    AstraAccessToken, AstraAccountId, AstraAuthorizationCode, AstraFailure, AstraRefreshToken,
    AstraTokens, AstraUserId, Deadline, InstitutionId, ProcessorToken,
};
use crate::ports::{
    AstraAccountRemoval, AstraAuthorizations, AstraClientId, AstraHandOver, AstraUsers,
};
use crate::test_util::astra_refusal;

const fn call(kind: Kind, name: &'static str) -> (Service, Kind, &'static str) {
    (Service::Astra, kind, name)
}

impl Failure for AstraFailure {
    fn lost() -> Self {
        Self::NoAnswer {
            reason: "the test lost the answer",
            maybe_applied: true,
        }
    }

    fn throttled() -> Self {
        astra_refusal(429, "too many requests: slow down")
    }

    fn out_of_time() -> Option<Self> {
        Some(Self::NoAnswer {
            reason: "the time is up",
            maybe_applied: false,
        })
    }

    fn after_lost_answer(self) -> Self {
        self.after(true)
    }

    fn is_silence(&self) -> bool {
        matches!(self, Self::NoAnswer { .. })
    }
}

impl<T: AstraClientId> AstraClientId for Faulty<T> {
    async fn astra_client_id(&self) -> Result<String, AstraFailure> {
        // It is read from our own secret.
        self.inner.astra_client_id().await
    }
}

impl<T: AstraAuthorizations> AstraAuthorizations for Faulty<T> {
    async fn redeem(
        &self,
        code: &AstraAuthorizationCode,
        redirect_uri: &str,
        deadline: Deadline,
    ) -> Result<AstraTokens, AstraFailure> {
        self.call(call(Kind::Once, "redeem"), Some(deadline), || {
            self.inner.redeem(code, redirect_uri, deadline)
        })
        .await
    }

    async fn refresh(
        &self,
        refresh_token: &AstraRefreshToken,
        redirect_uri: &str,
        deadline: Deadline,
    ) -> Result<AstraTokens, AstraFailure> {
        self.call(call(Kind::Write, "refresh"), Some(deadline), || {
            self.inner.refresh(refresh_token, redirect_uri, deadline)
        })
        .await
    }
}

impl<T: AstraUsers> AstraUsers for Faulty<T> {
    async fn astra_user(
        &self,
        access_token: &AstraAccessToken,
        deadline: Deadline,
    ) -> Result<AstraUserId, AstraFailure> {
        self.call(call(Kind::Read, "astra_user"), Some(deadline), || {
            self.inner.astra_user(access_token, deadline)
        })
        .await
    }
}

impl<T: AstraHandOver> AstraHandOver for Faulty<T> {
    async fn hand_over(
        &self,
        access_token: &AstraAccessToken,
        processor_token: &ProcessorToken,
        institution_id: Option<&InstitutionId>,
        deadline: Deadline,
    ) -> Result<AstraAccountId, AstraFailure> {
        self.call(call(Kind::Once, "hand_over"), Some(deadline), || {
            self.inner
                .hand_over(access_token, processor_token, institution_id, deadline)
        })
        .await
    }

    async fn astra_accounts(
        &self,
        access_token: &AstraAccessToken,
        deadline: Deadline,
    ) -> Result<Vec<AstraAccountId>, AstraFailure> {
        self.call(call(Kind::Read, "astra_accounts"), Some(deadline), || {
            self.inner.astra_accounts(access_token, deadline)
        })
        .await
    }

    async fn astra_account_exists(
        &self,
        access_token: &AstraAccessToken,
        account_id: &AstraAccountId,
        deadline: Deadline,
    ) -> Result<bool, AstraFailure> {
        self.call(
            call(Kind::Read, "astra_account_exists"),
            Some(deadline),
            || {
                self.inner
                    .astra_account_exists(access_token, account_id, deadline)
            },
        )
        .await
    }
}

impl<T: AstraAccountRemoval> AstraAccountRemoval for Faulty<T> {
    async fn delete_astra_account(
        &self,
        access_token: &AstraAccessToken,
        account_id: &AstraAccountId,
        deadline: Deadline,
    ) -> Result<(), AstraFailure> {
        self.call(
            call(Kind::Write, "delete_astra_account"),
            Some(deadline),
            || {
                self.inner
                    .delete_astra_account(access_token, account_id, deadline)
            },
        )
        .await
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::time::Duration;

    use super::super::{Call, Effect, Fate, Fault, Plan};
    use super::*;
    use crate::ports::Clock as _;
    use crate::test_util::{FakeAstra, FixedClock};

    /// The same thing goes wrong with every call.
    struct Always(Fault);

    impl Fate for Always {
        fn pace(&mut self, _call: &Call) -> u32 {
            0
        }

        fn fault(&mut self, _number: usize, _call: &Call) -> Option<Fault> {
            Some(self.0)
        }

        fn effect(&mut self, _effect: &Effect) {}
    }

    #[tokio::test]
    async fn a_hand_over_is_struck_before_or_after_its_effect() {
        for (fault, accounts, maybe_applied) in [
            (Fault::LoseAnswer, 1, true),
            (Fault::LoseRequest, 0, true),
            (Fault::Throttle, 0, false),
            (Fault::OutOfTime, 0, false),
        ] {
            let clock = FixedClock::at_second(1_795_000_000);
            let astra = Arc::new(FakeAstra::new(&clock));
            let plan = Arc::new(Plan::new(&clock, Box::new(Always(fault))));
            let faulty = Faulty::new(&astra, &plan);
            let access = astra.connect("ada", "https://app.example").access;
            let deadline = Deadline::after(clock.now(), Duration::from_secs(9));
            plan.enter(plan.actor(deadline));
            let token = ProcessorToken::new("p");
            let failure = faulty.hand_over(&access, &token, None, deadline).await;
            assert_eq!(
                failure.unwrap_err().maybe_applied(),
                maybe_applied,
                "{fault:?}"
            );
            assert_eq!(astra.world().accounts.len(), accounts, "{fault:?}");
        }
    }

    #[test]
    fn only_what_the_client_repeats_is_sent_again() {
        let resent = |kind| {
            let call = Call {
                actor: 0,
                service: Service::Astra,
                name: "call",
                kind,
                fault: None,
            };
            call.faults().contains(&Fault::Resend)
        };
        assert!(resent(Kind::Write) && !resent(Kind::Once));
    }
}
