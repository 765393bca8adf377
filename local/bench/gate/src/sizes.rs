//! The size of every function's program.

use std::path::Path;

use crate::{Failure, Figures};

/// The programs in `built`, one for each folder in `functions`.
pub(crate) fn of_functions(functions: &Path, built: &Path) -> Result<Figures, Failure> {
    let mut sizes = Figures::new();
    for function in std::fs::read_dir(functions)? {
        let name = function?.file_name().to_string_lossy().into_owned();
        let program = built.join(&name);
        let size = std::fs::metadata(&program)
            .map_err(|error| format!("{} is to be built first: {error}", program.display()))?
            .len();
        sizes.insert(format!("bytes of {name}"), size);
    }
    Ok(sizes)
}
