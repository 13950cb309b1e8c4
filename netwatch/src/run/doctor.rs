//! `doctor`: one examination.

use anyhow::{Context as _, Result};

use crate::{Options, Outcome, cli::doctor::Config, clock::Clock, doctor::Examination, output};

/// Examines, and says what was found.
///
/// # Errors
///
/// The output can't be written.
pub async fn run(config: &Config) -> Result<Outcome> {
    let options = Options {
        rungs: config.rungs.clone(),
        btf: config.btf.clone(),
        ..Options::default()
    };
    let examination = Examination::make(options).await;
    output::doctor::show(&examination, config, &Clock::now()).context("write what was found")?;
    Ok(Outcome::Code(examination.verdict().code()))
}
