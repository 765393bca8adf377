//! Signatures as Project Wycheproof and the CVEs of other libraries have them.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use plaid_webhook::Rejection;
use plaid_webhook::test_util::WebhookSigner;

use crate::support::{BODY, KID, at, refusal, verify};

type Number = [u8; 32];

const ZERO: Number = [0; 32];
/// The order of P-256.
const N: &str = "ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551";
/// The prime of P-256's field.
const P: &str = "ffffffff00000001000000000000000000000000ffffffffffffffffffffffff";

fn number(hex: &str) -> Number {
    let digit = |at: usize| u8::from_str_radix(&hex[at..at + 2], 16).unwrap();
    std::array::from_fn(|byte| digit(2 * byte))
}

fn small(value: u8) -> Number {
    let mut number = ZERO;
    number[31] = value;
    number
}

/// a - b, where b is not greater.
fn minus(a: Number, b: Number) -> Number {
    let mut difference = ZERO;
    let mut borrow = 0;
    for byte in (0..32).rev() {
        let value = i32::from(a[byte]) - i32::from(b[byte]) - borrow;
        borrow = i32::from(value < 0);
        difference[byte] = u8::try_from(value.rem_euclid(256)).unwrap();
    }
    difference
}

fn plus(a: Number, value: u8) -> Number {
    minus(a, minus(ZERO, small(value)))
}

struct Signed {
    signer: WebhookSigner,
    text: String,
    r: Number,
    s: Number,
}

impl Signed {
    fn new() -> Self {
        let signer = WebhookSigner::new(KID);
        let token = signer.sign(BODY, at(0));
        let (text, signature) = token.rsplit_once('.').unwrap();
        let signature = URL_SAFE_NO_PAD.decode(signature).unwrap();
        Self {
            text: text.to_owned(),
            r: signature[..32].try_into().unwrap(),
            s: signature[32..].try_into().unwrap(),
            signer,
        }
    }

    fn token(&self, signature: &[u8]) -> String {
        format!("{}.{}", self.text, URL_SAFE_NO_PAD.encode(signature))
    }

    fn refusal(&self, signature: &[u8]) -> Rejection {
        refusal(&self.token(signature), &self.signer)
    }

    fn der(&self) -> Vec<u8> {
        let integer = |number: Number| {
            let digits: Vec<u8> = number.into_iter().skip_while(|byte| *byte == 0).collect();
            let sign = digits[0] & 0x80 != 0;
            let mut der = vec![2, u8::try_from(digits.len()).unwrap() + u8::from(sign)];
            der.extend(sign.then_some(0));
            der.extend(digits);
            der
        };
        let both = [integer(self.r), integer(self.s)].concat();
        [vec![0x30, u8::try_from(both.len()).unwrap()], both].concat()
    }
}

#[test]
fn numbers_out_of_range_are_no_signature() {
    let signed = Signed::new();
    let (n, p) = (number(N), number(P));
    let bad = [
        ZERO,
        small(1),
        n,
        plus(n, 1),
        minus(n, small(1)),
        p,
        plus(p, 1),
        [0xff; 32],
    ];
    for number in bad {
        for (r, s) in [(number, signed.s), (signed.r, number), (number, number)] {
            let refused = signed.refusal(&[r, s].concat());
            assert_eq!(refused, Rejection::SignatureMismatch, "{r:02x?} {s:02x?}");
        }
    }
}

#[test]
fn r_and_s_have_their_places() {
    let signed = Signed::new();
    let (r, s, n) = (signed.r, signed.s, number(N));
    let little_endian = |mut number: Number| {
        number.reverse();
        number
    };
    for (r, s) in [
        (s, r),
        (minus(n, r), s),
        (minus(n, r), minus(n, s)),
        (little_endian(r), little_endian(s)),
        (r, r),
        (s, s),
    ] {
        let refused = signed.refusal(&[r, s].concat());
        assert_eq!(refused, Rejection::SignatureMismatch, "{r:02x?} {s:02x?}");
    }
}

#[test]
fn the_other_form_of_a_signature_stands_for_the_same_token() {
    // ECDSA itself allows n - s for s. The inbox knows webhooks by what was signed, so this
    // makes no second one.
    let signed = Signed::new();
    let token = signed.token(&[signed.r, minus(number(N), signed.s)].concat());
    assert!(verify(&token, BODY, &signed.signer.key()).is_ok());
}

#[test]
fn every_altered_bit_breaks_a_signature() {
    let signed = Signed::new();
    let genuine = [signed.r, signed.s].concat();
    for bit in 0..512 {
        let mut altered = genuine.clone();
        altered[bit / 8] ^= 1 << (bit % 8);
        let refused = signed.refusal(&altered);
        assert_eq!(refused, Rejection::SignatureMismatch, "bit {bit}");
    }
}

#[test]
fn a_signature_has_64_bytes() {
    let signed = Signed::new();
    let genuine = [signed.r, signed.s].concat();
    let longer = |bytes: &[u8]| [&genuine, bytes].concat();
    let bad = [
        Vec::new(),
        genuine[..32].to_vec(),
        genuine[..63].to_vec(),
        longer(&[0]),
        [&[0][..], &genuine].concat(),
        [&[0][..], &signed.r, &[0], &signed.s].concat(),
        longer(&genuine),
        vec![0; 96],
        signed.der(),
        vec![0x30, 6, 2, 1, 0, 2, 1, 0],
    ];
    for signature in bad {
        let refused = signed.refusal(&signature);
        assert_eq!(refused, Rejection::MalformedSignature, "{signature:02x?}");
    }
}

#[test]
fn der_that_happens_to_have_64_bytes_is_no_signature_either() {
    let signed = Signed::new();
    let mut der = signed.der();
    der.resize(64, 0);
    assert_eq!(signed.refusal(&der), Rejection::SignatureMismatch);
}

#[test]
fn only_the_bytes_of_the_token_are_signed() {
    let signed = Signed::new();
    for text in [
        signed.text.replace('.', ""),
        format!("{}.", signed.text),
        String::new(),
    ] {
        let signature = signed.signer.sign_text(text.as_bytes());
        let refused = signed.refusal(&signature);
        assert_eq!(refused, Rejection::SignatureMismatch, "{text}");
    }
}
