-- Runs of the laboratory in DuckDB. Each run is exported as lines of JSON, and all of them are read at once:
--
--     webinfer results export run-1 >run-1.ndjson
--     duckdb -cmd "SET VARIABLE runs = '*.ndjson'" -f lab.sql
--
-- It makes a table, `cells`, and views over it. webinfer-lab(7) describes them. It loads only
-- DuckDB's built-in extensions. Medians and ratios are the same as those that webinfer prints;
-- intervals and the U test are only available in webinfer.

CREATE OR REPLACE TABLE cells AS
SELECT
    run.id AS run, run.name AS run_name, epoch_ms(run.began_at) AS began_at,
    run.webinfer.version AS webinfer, run.webinfer.commit AS commit, run.noisy AS noisy,
    run.together AS together,
    run.imported AS imported, coalesce(run.person, false) AS person,
    run.simulated OR platform = 'simulated' AS simulated, index, model,
    hash, browser, browser_version, flags, platform, adapter, engine, engine_version, precision,
    CAST(threads AS VARCHAR) AS threads, optimization, batch, concurrency, clock, outcome, reason, load_ms,
    first_ms, samples_ms, repeats, disturbed, page_bytes, rss_bytes, error_ratio, changed, output_hash,
    text, baseline, yardstick
FROM read_json(getvariable('runs'), format = 'newline_delimited', columns = {
    run: 'STRUCT(id VARCHAR, name VARCHAR, began_at BIGINT, webinfer STRUCT("version" VARCHAR,
        "commit" VARCHAR), noisy BOOLEAN, together BIGINT, imported BOOLEAN, person BOOLEAN,
        simulated BOOLEAN)',
    index: 'INTEGER', model: 'VARCHAR', hash: 'VARCHAR', browser: 'VARCHAR',
    browser_version: 'VARCHAR', flags: 'VARCHAR[]', platform: 'VARCHAR',
    adapter: 'STRUCT(vendor VARCHAR, architecture VARCHAR, description VARCHAR,
        is_fallback BOOLEAN)',
    engine: 'VARCHAR', engine_version: 'VARCHAR', precision: 'VARCHAR', threads: 'VARCHAR',
    optimization: 'VARCHAR', batch: 'BIGINT', concurrency: 'BIGINT', outcome: 'VARCHAR', reason: 'VARCHAR',
    clock: 'VARCHAR', load_ms: 'DOUBLE', first_ms: 'DOUBLE', samples_ms: 'DOUBLE[]',
    repeats: 'BIGINT', disturbed: 'BIGINT', page_bytes: 'BIGINT', rss_bytes: 'BIGINT',
    error_ratio: 'DOUBLE', changed: 'VARCHAR', output_hash: 'VARCHAR', text: 'STRUCT(prompt_tokens DOUBLE,
        tokens DOUBLE, prompt_per_s DOUBLE, generated_per_s DOUBLE, first_p50_ms DOUBLE,
        first_p90_ms DOUBLE, token_ms DOUBLE, all_per_s DOUBLE)', baseline: 'INTEGER', yardstick: 'VARCHAR'
});

-- A row for each sample, in the order in which they were measured.
CREATE OR REPLACE VIEW samples AS
SELECT * EXCLUDE (samples_ms), unnest(samples_ms) AS ms,
    unnest(range(1, len(samples_ms) + 1)) AS sample
FROM cells;

-- A row for each cell that has samples.
CREATE OR REPLACE VIEW medians AS
SELECT * EXCLUDE (samples_ms), len(samples_ms) AS n, list_min(samples_ms) AS min_ms,
    list_aggregate(samples_ms, 'quantile_cont', 0.5) AS median_ms,
    list_aggregate(samples_ms, 'quantile_cont', 0.9) AS p90_ms
FROM cells
WHERE len(samples_ms) > 0;

-- The speed-up of each cell against its baseline. Simulated cells are not compared.
CREATE OR REPLACE VIEW speedups AS
SELECT cell.*, base.median_ms AS baseline_ms, base.median_ms / cell.median_ms AS speedup
FROM medians AS cell
JOIN medians AS base ON base.run = cell.run AND base.index = cell.baseline
WHERE cell.yardstick IS NULL AND NOT cell.simulated AND NOT base.simulated AND cell.median_ms > 0;

-- The place where each model ran fastest with a right answer, in each run.
CREATE OR REPLACE VIEW best_places AS
SELECT run, model, batch, concurrency, clock, browser, platform, precision, threads,
    optimization, median_ms
FROM medians
WHERE outcome = 'ok' AND yardstick IS NULL AND NOT simulated
QUALIFY row_number() OVER (
    PARTITION BY run, model, batch, concurrency, clock ORDER BY median_ms, index) = 1;

-- The results of each cell from run to run: cells with the same names are the same cell.
CREATE OR REPLACE VIEW history AS
SELECT model, browser, platform, precision, threads, optimization, batch, concurrency, clock,
    began_at, commit, run, noisy, imported, person, simulated, outcome, median_ms,
    median_ms / lag(median_ms) OVER same_cell AS ratio,
    lag(run) OVER same_cell AS run_before, lag(outcome) OVER same_cell AS outcome_before
FROM cells LEFT JOIN (SELECT run, index, median_ms FROM medians) AS timed USING (run, index)
WHERE yardstick IS NULL
WINDOW same_cell AS (
    PARTITION BY model, browser, platform, precision, threads, optimization, batch, concurrency,
        clock, simulated, person
    ORDER BY began_at, run)
ORDER BY model, browser, platform, precision, threads, optimization, batch, concurrency, clock,
    began_at;

-- Cells that took over 10 % longer than in the run before, or were ok there and are not now. It has
-- no test of significance and no yardstick; webinfer results compare has both.
CREATE OR REPLACE VIEW regressions AS
SELECT * FROM history
WHERE (outcome_before = 'ok' AND outcome <> 'ok')
    OR (outcome_before = 'ok' AND outcome = 'ok' AND ratio > 1.1)
ORDER BY ratio DESC NULLS FIRST;

-- Exports the samples for other programs, into the folder where DuckDB was started.
COPY (SELECT * FROM samples) TO 'samples.parquet' (FORMAT parquet);
