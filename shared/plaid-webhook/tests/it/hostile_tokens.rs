//! Headers and claims that Plaid never wrote, signed with Plaid's key all the same: only
//! the check in question can refuse them.

use base64::Engine;
use base64::engine::general_purpose::{STANDARD_NO_PAD, URL_SAFE, URL_SAFE_NO_PAD};
use plaid_webhook::test_util::{WebhookSigner, claims};
use plaid_webhook::{Rejection, body_hash};
use ring::hmac;

use crate::support::{BODY, KID, at, refusal, verify};

fn with_header(signer: &WebhookSigner, header: &str) -> Rejection {
    refusal(&signer.sign_with_header(header, BODY, at(0)), signer)
}

fn with_claims(signer: &WebhookSigner, claims: &str) -> Rejection {
    refusal(&signer.sign_claims(claims), signer)
}

#[test]
fn no_algorithm_but_es256_is_tried() {
    let signer = WebhookSigner::new(KID);
    let names = [
        "none",
        "None",
        "NONE",
        "nOnE",
        "HS256",
        "HS384",
        "RS256",
        "PS256",
        "ES384",
        "ES512",
        "ES256K",
        "EdDSA",
        "es256",
        "Es256",
        "ES256 ",
        " ES256",
        r"ES256\u0000",
        "",
    ];
    for alg in names {
        let header = format!(r#"{{"alg":"{alg}","kid":"{KID}","typ":"JWT"}}"#);
        let refused = with_header(&signer, &header);
        assert_eq!(refused, Rejection::AlgorithmNotAllowed, "{alg}");
    }
    for alg in ["256", "null", "true", r#"["ES256"]"#, r#"{"alg":"ES256"}"#] {
        let header = format!(r#"{{"alg":{alg},"kid":"{KID}"}}"#);
        let refused = with_header(&signer, &header);
        assert_eq!(refused, Rejection::AlgorithmNotAllowed, "{alg}");
    }
}

#[test]
fn an_unsigned_token_is_refused_for_its_algorithm() {
    let signer = WebhookSigner::new(KID);
    let header = URL_SAFE_NO_PAD.encode(format!(r#"{{"alg":"none","kid":"{KID}"}}"#));
    let claims = URL_SAFE_NO_PAD.encode(claims(BODY, at(0)));
    let token = format!("{header}.{claims}.");
    assert_eq!(refusal(&token, &signer), Rejection::AlgorithmNotAllowed);
}

#[test]
fn the_public_key_is_no_secret_to_sign_with() {
    let signer = WebhookSigner::new(KID);
    let key = signer.key();
    let coordinates = [&key.x, &key.y].map(|text| URL_SAFE_NO_PAD.decode(text).unwrap());
    let point = [&[4][..], &coordinates[0], &coordinates[1]].concat();
    for alg in ["HS256", "ES256"] {
        let header = format!(r#"{{"alg":"{alg}","kid":"{KID}"}}"#);
        let text = format!(
            "{}.{}",
            URL_SAFE_NO_PAD.encode(header),
            URL_SAFE_NO_PAD.encode(claims(BODY, at(0)))
        );
        let secret = hmac::Key::new(hmac::HMAC_SHA256, &point);
        let tag = hmac::sign(&secret, text.as_bytes());
        let token = format!("{text}.{}", URL_SAFE_NO_PAD.encode(tag.as_ref()));
        let expected = match alg {
            "HS256" => Rejection::AlgorithmNotAllowed,
            _ => Rejection::MalformedSignature,
        };
        assert_eq!(refusal(&token, &signer), expected, "{alg}");
    }
}

#[test]
fn a_token_that_brings_its_own_key_is_refused() {
    let signer = WebhookSigner::new(KID);
    let key = signer.key();
    let own_key = format!(
        r#""jwk":{{"kty":"EC","crv":"P-256","x":"{}","y":"{}"}}"#,
        key.x, key.y
    );
    let extras = [
        own_key.as_str(),
        r#""jwk":null"#,
        r#""jku":"https://example.com/keys""#,
        r#""x5u":"https://example.com/cert""#,
        r#""x5c":[]"#,
        r#""crit":["b64"],"b64":false"#,
        r#""crit":null"#,
    ];
    for extra in extras {
        let header = format!(r#"{{"alg":"ES256","kid":"{KID}",{extra}}}"#);
        let refused = with_header(&signer, &header);
        assert_eq!(refused, Rejection::HeaderNotAllowed, "{extra}");
    }
}

#[test]
fn what_plaid_may_add_one_day_is_no_reason_to_refuse() {
    let signer = WebhookSigner::new(KID);
    let header = format!(r#"{{"kid":"{KID}","alg":"ES256","typ":"JWT","cty":null,"new":[1]}}"#);
    let token = signer.sign_with_header(&header, BODY, at(0));
    assert!(verify(&token, BODY, &signer.key()).is_ok());
    let more = claims(BODY, at(0)).replace('{', r#"{"jti":"1","exp":9999999999,"#);
    assert!(verify(&signer.sign_claims(&more), BODY, &signer.key()).is_ok());
}

#[test]
fn a_key_id_that_plaid_never_uses_is_refused() {
    let signer = WebhookSigner::new(KID);
    let long = "k".repeat(65);
    for kid in [
        "", " ", "a b", "../x", "a/b", "a?b", "é", r"a\u0000", r"a\n", "a.b", "a:b", "a%2e", &long,
    ] {
        let header = format!(r#"{{"alg":"ES256","kid":"{kid}"}}"#);
        let refused = with_header(&signer, &header);
        assert_eq!(refused, Rejection::MalformedKeyId, "{kid}");
    }
    for header in [
        r#"{"alg":"ES256"}"#,
        r#"{"alg":"ES256","kid":null}"#,
        r#"{"alg":"ES256","kid":1}"#,
        r#"{"alg":"ES256","kid":["kid-1"]}"#,
        r#"{"alg":"ES256","KID":"kid-1"}"#,
        r#"{"alg":"ES256","Kid":"kid-1"}"#,
    ] {
        let refused = with_header(&signer, header);
        assert_eq!(refused, Rejection::MalformedKeyId, "{header}");
    }
    let longest = WebhookSigner::new(&"k".repeat(64));
    let token = longest.sign(BODY, at(0));
    assert!(verify(&token, BODY, &longest.key()).is_ok());
}

#[test]
fn members_are_known_by_their_exact_names() {
    let signer = WebhookSigner::new(KID);
    for name in ["ALG", "Alg", "aLg", "alg ", r"alg\u0000"] {
        let header = format!(r#"{{"{name}":"ES256","kid":"{KID}"}}"#);
        let refused = with_header(&signer, &header);
        assert_eq!(refused, Rejection::AlgorithmNotAllowed, "{name}");
    }
    let nested = format!(r#"{{"header":{{"alg":"ES256","kid":"{KID}"}}}}"#);
    assert_eq!(
        with_header(&signer, &nested),
        Rejection::AlgorithmNotAllowed
    );
}

#[test]
fn repeated_members_are_refused() {
    let signer = WebhookSigner::new(KID);
    for header in [
        r#"{"alg":"ES256","alg":"ES256","kid":"kid-1"}"#,
        r#"{"alg":"none","alg":"ES256","kid":"kid-1"}"#,
        r#"{"alg":"ES256","kid":"kid-1","\u0061lg":"none"}"#,
        r#"{"alg":"ES256","kid":"kid-2","kid":"kid-1"}"#,
        r#"{"alg":"ES256","kid":"kid-1","typ":"JWT","typ":"JWT"}"#,
        r#"{"alg":"ES256","kid":"kid-1","x":1,"x":2}"#,
    ] {
        let refused = with_header(&signer, header);
        assert_eq!(refused, Rejection::MalformedToken, "{header}");
    }
    let hash = body_hash(BODY);
    let now = at(0).as_second();
    for claims in [
        format!(r#"{{"iat":1,"iat":{now},"request_body_sha256":"{hash}"}}"#),
        format!(r#"{{"iat":{now},"request_body_sha256":"","request_body_sha256":"{hash}"}}"#),
        format!(r#"{{"iat":{now},"request_body_sha256":"{hash}","x":1,"x":1}}"#),
    ] {
        let refused = with_claims(&signer, &claims);
        assert_eq!(refused, Rejection::MalformedClaims, "{claims}");
    }
}

#[test]
fn a_header_that_is_no_object_is_refused() {
    let signer = WebhookSigner::new(KID);
    let deep = format!("{}{}", "[".repeat(500), "]".repeat(500));
    for header in [
        "",
        " ",
        "null",
        "\"ES256\"",
        r#"["ES256","kid-1"]"#,
        r#"["ES256","kid-1",null,null,null,null,null]"#,
        r#"{"alg":"ES256","kid":"kid-1"}{}"#,
        r#"{"alg":"ES256","kid":"kid-1"} x"#,
        r#"{"alg":"ES256","kid":"kid-1",}"#,
        r"{'alg':'ES256','kid':'kid-1'}",
        "\u{feff}{\"alg\":\"ES256\",\"kid\":\"kid-1\"}",
        &deep,
    ] {
        let refused = with_header(&signer, header);
        assert_eq!(refused, Rejection::MalformedToken, "{header}");
    }
}

#[test]
fn iat_must_be_an_integer_that_is_a_time() {
    let signer = WebhookSigner::new(KID);
    let now = at(0).as_second();
    let values = [
        format!("\"{now}\""),
        format!("{now}.0"),
        format!("{now}.5"),
        format!("{now}e0"),
        "1.795e9".to_owned(),
        format!("[{now}]"),
        "9223372036854775807".to_owned(),
        "9223372036854775808".to_owned(),
        "-9223372036854775808".to_owned(),
        "18446744073709551616".to_owned(),
        format!("1{}", "0".repeat(300)),
        "1e999".to_owned(),
        format!("0{now}"),
        format!("+{now}"),
        "null".to_owned(),
        "true".to_owned(),
        "NaN".to_owned(),
        "-0".to_owned(),
    ];
    for iat in values {
        let claims = format!(
            r#"{{"iat":{iat},"request_body_sha256":"{}"}}"#,
            body_hash(BODY)
        );
        let refused = with_claims(&signer, &claims);
        assert_eq!(refused, Rejection::MalformedClaims, "{iat}");
    }
    for iat in [0_i64, -1, -62_135_596_800] {
        let claims = format!(
            r#"{{"iat":{iat},"request_body_sha256":"{}"}}"#,
            body_hash(BODY)
        );
        let refused = with_claims(&signer, &claims);
        assert_eq!(refused.reason(), "too_old", "{iat}");
    }
}

#[test]
fn the_claimed_hash_must_be_one_in_lower_case() {
    let signer = WebhookSigner::new(KID);
    let (now, hash) = (at(0).as_second(), body_hash(BODY));
    let upper = hash.to_uppercase();
    for wrong in [
        "",
        "abc",
        &hash[1..],
        &format!("{hash}0"),
        &format!("{hash} "),
        &format!("0x{}", &hash[2..]),
        &upper,
    ] {
        let claims = format!(r#"{{"iat":{now},"request_body_sha256":"{wrong}"}}"#);
        let refused = with_claims(&signer, &claims);
        assert_eq!(refused, Rejection::MalformedClaims, "{wrong}");
    }
    for claims in [
        "{}".to_owned(),
        "[]".to_owned(),
        format!("[{now},\"{hash}\"]"),
        format!(r#"{{"iat":{now}}}"#),
        format!(r#"{{"request_body_sha256":"{hash}"}}"#),
        format!(r#"{{"iat":{now},"request_body_sha256":null}}"#),
        format!(r#"{{"iat":{now},"REQUEST_BODY_SHA256":"{hash}"}}"#),
    ] {
        let refused = with_claims(&signer, &claims);
        assert_eq!(refused, Rejection::MalformedClaims, "{claims}");
    }
}

#[test]
fn base64url_has_one_spelling() {
    let signer = WebhookSigner::new(KID);
    let header = format!(r#"{{"alg":"ES256","kid":"{KID}"}}"#);
    let claims = claims(BODY, at(0));
    // These encode to a last letter with spare bits.
    let (header, claims) = (pad_to(&header, 1), pad_to(&claims, 2));
    let token = signer.sign_parts(&header, &claims);
    assert!(verify(&token, BODY, &signer.key()).is_ok());
    for part in 0..3 {
        for spelling in other_spellings(&token, part) {
            let refused = refusal(&spelling, &signer);
            assert_eq!(refused, Rejection::MalformedToken, "{spelling}");
        }
    }
}

/// The JSON with spaces at its end until its length leaves this rest when divided by 3.
fn pad_to(json: &str, rest: usize) -> String {
    let mut padded = json.to_owned();
    while padded.len() % 3 != rest {
        padded.push(' ');
    }
    padded
}

fn other_spellings(token: &str, part: usize) -> Vec<String> {
    let parts: Vec<&str> = token.split('.').collect();
    let text = parts[part];
    let bytes = URL_SAFE_NO_PAD.decode(text).unwrap();
    let last = text.chars().last().unwrap();
    let alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    let index = alphabet.find(last).unwrap();
    let spare = format!(
        "{}{}",
        &text[..text.len() - 1],
        &alphabet[index + 1..index + 2]
    );
    let mut spellings = vec![
        spare,
        URL_SAFE.encode(&bytes),
        format!("{text}="),
        format!("{text} "),
        format!(" {text}"),
        format!("{text}\n"),
        format!("{}\r\n{}", &text[..4], &text[4..]),
        format!("{text}%3D"),
        format!("{text}\u{0}"),
        format!("{text}é"),
    ];
    let standard = STANDARD_NO_PAD.encode(&bytes);
    if standard != text {
        spellings.push(standard);
    }
    spellings
        .into_iter()
        .map(|spelling| {
            let mut parts = parts.clone();
            parts[part] = &spelling;
            parts.join(".")
        })
        .collect()
}

#[test]
fn what_is_no_compact_jwt_is_refused() {
    let signer = WebhookSigner::new(KID);
    let genuine = signer.sign(BODY, at(0));
    let (unsigned, signature) = genuine.rsplit_once('.').unwrap();
    let (header, claims) = unsigned.split_once('.').unwrap();
    let malformed = [
        "a",
        "a.b",
        "..",
        ".",
        "!.!.!",
        unsigned,
        &format!("{genuine}{}", "A".repeat(2048)),
        &format!("Bearer {genuine}"),
        &format!("{genuine},{genuine}"),
        &format!("{genuine}, {genuine}"),
        &genuine.replace('.', ","),
        &genuine.replace('.', ".."),
        &format!("{genuine}."),
        &format!(".{genuine}"),
        &format!("{genuine}.x"),
        &format!("{header}..{signature}"),
        &format!(".{claims}.{signature}"),
        &format!("{header}.{claims}.{signature}.{signature}.{signature}"),
        &genuine.to_lowercase(),
        &format!(r#"{{"protected":"{header}","payload":"{claims}","signature":"{signature}"}}"#),
    ];
    for token in malformed {
        let refused = refusal(token, &signer);
        let fits = match refused {
            // Empty claims are canonical base64url, and no claims.
            Rejection::MalformedClaims => token.contains(".."),
            other => other == Rejection::MalformedToken,
        };
        assert!(fits, "{token}: {refused}");
    }
}

#[test]
fn a_token_of_2048_bytes_is_read_and_a_longer_one_is_not() {
    let signer = WebhookSigner::new(KID);
    let token = |length: usize| {
        let filler = "x".repeat(length);
        let header = format!(r#"{{"alg":"ES256","kid":"{KID}","x":"{filler}"}}"#);
        signer.sign_with_header(&header, BODY, at(0))
    };
    let (mut fits, mut too_long) = (0, 0);
    for length in 1000..1500 {
        let token = token(length);
        let verdict = verify(&token, BODY, &signer.key());
        if token.len() <= 2048 {
            fits = fits.max(token.len());
            assert!(verdict.is_ok(), "{}", token.len());
        } else {
            too_long += 1;
            assert_eq!(verdict, Err(Rejection::MalformedToken), "{}", token.len());
        }
    }
    assert!(fits > 2044 && too_long > 100);
}
