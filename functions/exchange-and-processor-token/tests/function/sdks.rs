//! What applications send with each of Plaid's SDKs, as docs/mobile.md has it.

use serde_json::Value;
use shared::test_util::{account, json};

use crate::scene::{CHECKING, Scene, plain};

/// `onSuccess` of every SDK; the bank and the account are the same in all of them.
const READY: [(&str, &str); 5] = [
    ("iOS", include_str!("../sdk/ios.json")),
    (
        "iOS, metadataJSON",
        include_str!("../sdk/ios-metadata-json.json"),
    ),
    ("Android", include_str!("../sdk/android.json")),
    ("Android, by Gson", include_str!("../sdk/android-gson.json")),
    ("React Native", include_str!("../sdk/react-native.json")),
];

/// The same for an account that waits for the code of a deposit.
const PENDING: [(&str, &str); 3] = [
    ("iOS", include_str!("../sdk/pending-ios.json")),
    (
        "Android, by Gson",
        include_str!("../sdk/pending-android-gson.json"),
    ),
    (
        "React Native",
        include_str!("../sdk/pending-react-native.json"),
    ),
];

#[tokio::test]
async fn what_every_sdk_tells_of_bank_and_account_saves_a_round_trip() {
    for (sdk, body) in READY {
        let scene = Scene::with_checking();
        let response = scene.send(plain(body)).await;
        assert_eq!(response.status(), 201, "{sdk}");
        let item = json(&response);
        assert_eq!(item["accounts"][0]["status"], "ready", "{sdk}");
        let institution = serde_json::json!({
            "institution_id": "ins_109508", "name": "First Platypus Bank",
        });
        assert_eq!(item["institution"], institution, "{sdk}");
        let beside_the_accounts = ["exchange", "accounts", "processor_token"];
        assert_eq!(scene.calls(), beside_the_accounts, "{sdk}");
    }
}

#[tokio::test]
async fn for_an_account_that_waits_no_processor_token_is_asked_whichever_sdk_tells() {
    for (sdk, body) in PENDING {
        let waiting = account(CHECKING, "checking", Some("pending_manual_verification"));
        let scene = Scene::with_accounts(vec![waiting]);
        let item = json(&scene.send(plain(body)).await);
        assert_eq!(item["action"], "verify_deposits", "{sdk}");
        assert_eq!(scene.calls(), ["exchange", "accounts"], "{sdk}");
    }
}

/// Or else the calls above would be the same without a hint.
#[tokio::test]
async fn without_a_hint_the_processor_token_comes_after_the_accounts() {
    let scene = Scene::with_checking();
    let mut body: Value = serde_json::from_str(READY[0].1).unwrap();
    body.as_object_mut().unwrap().remove("accounts");
    let response = scene.send(plain(&body.to_string())).await;
    assert_eq!(response.status(), 201);
    let calls = scene.calls();
    assert_eq!(
        calls
            .iter()
            .filter(|call| **call == "processor_token")
            .count(),
        1
    );
}
