//! `doctor`: one examination.

use anyhow::{Context as _, Result};

use crate::{Outcome, cli::doctor::Config, clock::Clock, doctor::Examination, output};

/// Examines, and says what was found.
///
/// # Errors
///
/// The output can't be written.
pub async fn run(config: &Config) -> Result<Outcome> {
    let examination = Examination::make(config.rungs.clone()).await;
    output::doctor::show(&examination, config, &Clock::now()).context("write what was found")?;
    Ok(Outcome::Code(examination.verdict().code()))
}
