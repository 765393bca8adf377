//! Reading an answer, as far as it is one.

use reqwest::Response;
use zeroize::Zeroizing;

use super::Silence;

/// Real answers have a few kilobytes.
const MAX_ANSWER: usize = 1024 * 1024;

/// Why an answer's body could not be had.
pub(crate) enum Unread {
    /// It is longer than any answer of an API's.
    TooLong,
    /// It did not come to its end.
    Broken(Silence),
}

/// The body of an answer.
pub(crate) async fn read_limited(mut response: Response) -> Result<Zeroizing<Vec<u8>>, Unread> {
    let mut answer = Zeroizing::new(Vec::new());
    let broken = |error: reqwest::Error| Unread::Broken(error.into());
    while let Some(chunk) = response.chunk().await.map_err(broken)? {
        if answer.len() + chunk.len() > MAX_ANSWER {
            return Err(Unread::TooLong);
        }
        answer.extend_from_slice(&chunk);
    }
    Ok(answer)
}
