//! What several functions drive, over ports only. A use case of one function lives in
//! that function.

pub mod exchange;
