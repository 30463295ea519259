/* What the service answers, but for what models make: each form with its members. */
#include "wire/describe/schemas.h"

#include <stddef.h>

static const struct wi_member failure[] = {
    {"node", "string|null", "Null where it stands for several."},
    {"reason", "string", NULL},
    {"times", "integer", NULL},
    {0},
};
static const struct wi_member source_error[] = {
    {"line", "integer", "Of the source that was sent, counted from 1."},
    {"column", "integer", "Likewise."},
    {"message", "string", NULL},
    {0},
};
static const struct wi_member problem[] = {
    {"type", "string", "An address that stands for the code."},
    {"title", "string", NULL},
    {"status", "integer", "The status that the answer has, or would have had."},
    {"detail?", "string", "What was wrong, what is allowed and what to do, in a sentence."},
    {"code", "Code", "One of the stable codes."},
    {"field?", "string", "The field of the request that is at fault."},
    {"expected?", "string", "What is expected there."},
    {"allowed?", "string", "What may be there."},
    {"attempts?", "integer", "How often the job was sent to nodes."},
    {"failures?", "[Failure]",
        "What went wrong there, the same things together; the last may stand for several "
        "others."},
    {"errors?", "[SourceError]", "Of kernel_invalid: what is wrong with the source, at most 20."},
    {"request_id?", "string", "The X-Request-Id of the answer."},
    {0},
};
static const struct wi_member openai_error[] = {
    {"error", "OpenaiErrorValue", NULL},
    {0},
};
static const struct wi_member openai_error_value[] = {
    {"message", "string", NULL},
    {"type", "'invalid_request_error'|'permission_error'|'rate_limit_error'|'server_error'", NULL},
    {"param", "string|null", "The parameter that is at fault."},
    {"code", "string", "As of a problem document, but where OpenAI has a name of its own."},
    {0},
};
static const struct wi_member both_errors[] = {
    {"error", "OpenaiErrorValue", "The same for OpenAI's clients."},
    {0},
};

/* --- the service ----------------------------------------------------------------------------- */

static const struct wi_member root[] = {
    {"name", "'webinfer'", NULL},
    {"version", "string", NULL},
    {"endpoints", "[(method string, path string, rank 'none'|'user'|'admin', for string)]", NULL},
    {0},
};
static const struct wi_member alive[] = {
    {"status", "'ok'", NULL},
    {0},
};
static const struct wi_member ready[] = {
    {"status", "'ready'", NULL},
    {"warnings?", "[string]",
        "That the database cannot be written, which keeps only what is stored from being "
        "accepted."},
    {0},
};

static const struct wi_member status[] = {
    {"version", "string", NULL},
    {"uptime_s", "number", NULL},
    {"started_at", "integer", "In milliseconds since 1970."},
    {"ready", "boolean", "Whether a node can take work."},
    {"problem", "string|null", "What keeps new clients from being served."},
    {"api", "(url string, connections integer)", NULL},
    {"bridge", "(url string)", "Where nodes come."},
    {"queue", "(waiting integer, running integer, limit integer, jobs [RunningJob])",
        "The jobs under way; up to 100 of them one by one, a user's own only."},
    {"memory", "(used integer, budget integer)", "Bytes of memory_budget."},
    {"sound", "(streams integer, waiting_ms integer, lag_ms integer)",
        "Live sound: streams that are not at their end, sound without final text, the largest "
        "lag."},
    {"stored_jobs",
        "(queued integer, running integer, done integer, failed integer, cancelled "
        "integer)",
        "Queued and running now; the others since the start."},
    {"sessions", "[Session]", NULL},
    {"nodes", "[NodeRow]", "The first 100; GET /v1/nodes has all in pages."},
    {"nodes_more", "integer", "How many others there are."},
    {"kinds", "{Kind}", "The kinds of browsers by name."},
    {"models_directory?", "string", "For admins: where the models lie on the daemon's machine."},
    {"models", "[Model]", "The first 100; GET /v1/models has all in pages."},
    {"models_more", "integer", "How many others there are."},
    {"numerics", "(mode 'check'|'off', verdicts {integer}, probes {integer})",
        "How many verdicts there are, and how runs beside the clients' path have ended."},
    {"cross_checks",
        "(waiting integer, bytes integer, agreed integer, wrong integer, suspected integer, "
        "disputed integer, unable integer, dropped integer)",
        "Answers of nodes that joined, computed again by browsers of the service: what waits for "
        "it, and how the others have ended."},
    {"quarantined", "[Quarantined]", "The latest 100, the oldest of them first."},
    {"quarantined_more", "integer", "How many others there are."},
    {"counters", "(jobs {integer}, sessions {integer}, bridge {integer})", NULL},
    {"warnings", "[string]", "For the operator."},
    {0},
};
static const struct wi_member job_row[] = {
    {"id", "string", NULL},
    {"client", "string|null", "Whose it is."},
    {"model_name", "string", NULL},
    {"state", "'queued'|'running'", NULL},
    {"node", "string|null", NULL},
    {"accepted", "boolean", "Whether the node has said that it has it."},
    {"priority", "integer", NULL},
    {"attempts", "integer", NULL},
    {"accepted_at", "integer", "In milliseconds since 1970."},
    {"timeout_ms", "number", NULL},
    {"problem?", "string", "What went wrong with the last attempt."},
    {"client_id?", "string", "What the client called it."},
    {0},
};
static const struct wi_member running_job[] = {
    {"age_ms", "number", NULL},
    {"parts?", "integer", "Of a stream: how many there were."},
    {"request_id?", "string", NULL},
    {0},
};
static const struct wi_member session_row[] = {
    {"id", "string", NULL},
    {"kind", "string", "Of browser."},
    {"state", "'starting'|'ready'|'busy'|'draining'|'broken'|'closed'", NULL},
    {"step", "string", "How far it is."},
    {"ending", "boolean", NULL},
    {"worn", "string|null", "Why it is to be replaced."},
    {"successor", "string|null", "The session that takes its place."},
    {"jobs", "integer", "How many it has run."},
    {"started_at", "integer", "In milliseconds since 1970."},
    {"ready_ms", "number", "How long it took to be ready."},
    {"browser_version", "string", NULL},
    {"flags", "[string]",
        "Switches and preferences that it was started with and that a setting decides, without "
        "values that may be paths or addresses."},
    {"driver_pid", "integer", NULL},
    {"network", "'isolated'|'host'", NULL},
    {"node", "string|null", NULL},
    {0},
};
static const struct wi_member session[] = {
    {"age_ms", "number", NULL},
    {"memory_bytes", "integer", "Of all its processes."},
    {0},
};

static const struct wi_member node_row[] = {
    {"id", "string", NULL},
    {"session", "string|null", "Null of one that joined."},
    {"browser", "string|null", NULL},
    {"browser_version", "string", NULL},
    {"draining", "boolean", "It gets no more work."},
    {"paused", "boolean", "Its person wants no more work for it for now."},
    {"held", "boolean", "It gets no work for now; limits says why."},
    {"away", "boolean", "It has lost its connection, and may come back."},
    {"attempts", "integer", "How many are on it."},
    {0},
};
static const struct wi_member node_limit[] = {
    {"effect", "'share'|'hold'",
        "It gets only what nothing else has room for, or no work that does not prove anything."},
    {"evidence", "string",
        "What was found, as webinfer-proof(7) has it; deadlines: it let some pass in a row; "
        "unproven: it has not shown yet that it computes right."},
    {"reason?", "string", "For admins: more of it."},
    {"since", "integer|null", "In milliseconds since 1970."},
    {"until", "integer|null", "Likewise; null: until it is undone."},
    {"undone_by", "string", "What ends it."},
    {0},
};
static const struct wi_member conduct[] = {
    {"ended", "integer", "That ended well, as the next of its last 50 answers."},
    {"ending", "integer", "That ended badly, and well in a browser of the service."},
    {"disputed", "integer", "That ended badly, and well at another joined node."},
    {"right", "integer", "That were right, as the next of the last 50 that were judged."},
    {"open", "integer", "That could not be judged, by its choice."},
    {"suspicion", "integer",
        "That differed for a client's input, as long as not ten in a row after them were right."},
    {0},
};
static const struct wi_member node[] = {
    {"limits?", "[NodeLimit]", "Why it gets less work than others, or none."},
    {"conduct?", "Conduct|null",
        "What was found of its last answers; null: the service started it."},
    {"user_agent?", "string", "For admins."},
    {"connected_at?", "integer", "In milliseconds since 1970."},
    {"cores?", "integer", NULL},
    {"memory_gib?", "number", NULL},
    {"cross_origin_isolated?", "boolean", NULL},
    {"connected?", "boolean", NULL},
    {"busy_since_ms?", "number", NULL},
    {"last_seen_ms?", "number", NULL},
    {"rtt_ms?", "number", NULL},
    {"bytes_in?", "integer", NULL},
    {"bytes_out?", "integer", NULL},
    {"platforms?", "{(available boolean, reason? string, adapter? Adapter)}", NULL},
    {"engines?", "{Engine}", "Those that it has, by name."},
    {"models?", "[any]", "What it tells of the models that it has."},
    {0},
};
static const struct wi_member engine[] = {
    {"version", "string|null", NULL},
    {"slots", "integer", "How many tasks it runs at a time."},
    {"short_slots", "integer", "How many that make no text it runs beside those; 0: among those."},
    {"queue", "integer", "How many it takes beside both."},
    {"can", "['continue'|'continue_several'|'webgpu']", NULL},
    {0},
};
static const struct wi_member adapter[] = {
    {"vendor?", "string", NULL},
    {"architecture?", "string", NULL},
    {"description?", "string", NULL},
    {"is_fallback?", "boolean", "It is software."},
    {0},
};
static const struct wi_member kind[] = {
    {"installed", "boolean", NULL},
    {"problem", "string|null", NULL},
    {"breaker", "'closed'|'open'|'half-open'", "Open: after failed starts there is a pause."},
    {"failures", "integer", "Failed starts in a row."},
    {"next_start_ms", "number", NULL},
    {"min", "integer", NULL},
    {"max", "integer", NULL},
    {"wished", "boolean", "Somebody waits for one."},
    {"sessions", "{integer}", "How many there are, by state."},
    {"transitions", "{{integer}}", "How often a state has followed another."},
    {0},
};

static const struct wi_member nodes[] = {
    {"nodes", "[Node]", "Of the page, in the order of their ids."},
    {"next", "string|null", "What is after on the next page; null: it is the last."},
    {"quarantined", "[Quarantined]",
        "The latest of the nodes that were found wrong, as many as a page has; the oldest of them "
        "first."},
    {"quarantined_more", "integer", "How many others there are."},
    {"tuning?", "[Tuning]", "With tuning=yes, at most 1000."},
    {"tuning_more?", "integer", "Likewise: how many others there are."},
    {0},
};
static const struct wi_member tuning[] = {
    {"kernel", "string", NULL},
    {"size_class", "string", "The largest sizes of the calls that it holds for, in their order."},
    {"variant", "string", "Of the kernel's shader."},
    {"workgroup", "[integer]", "How many invocations it has across and down."},
    {"ms", "number",
        "What a run takes, by the adapter's own clock unless its browser rounds that; 0: "
        "there was nothing to choose."},
    {"default_ms", "number", "What it takes without tuning."},
    {"browser?", "string", "With what follows: at which place it holds."},
    {"browser_version?", "string", NULL},
    {"platform?", "Platform", NULL},
    {"adapter?", "string", NULL},
    {"node?", "string", "Instead of the place: the node that joined, which has said it of itself."},
    {0},
};
static const struct wi_member quarantined[] = {
    {"id", "string", "For DELETE /v1/admin/quarantine."},
    {"node", "string", "What its id was."},
    {"token", "string|null", "The node token that it came with, by its name."},
    {"join", "string|null", "The join token that it came with, by its id."},
    {"address?", "string", "For admins: where it came from; of IPv6 the first 64 bits."},
    {"evidence", "string|null", "What was found, as webinfer-proof(7) has it."},
    {"reason?", "string", "For admins: more of it."},
    {"since", "integer", "In milliseconds since 1970."},
    {"until", "integer|null", "Likewise; null: it is refused until this is lifted."},
    {0},
};
static const struct wi_member verb[] = {
    {"id", "string", NULL},
    {"state",
        "'draining'|'ready'|'revoked'|'cancelled'|'cancelling'|'removed'|'lifted'|'doubted'|"
        "'forgiven'",
        NULL},
    {0},
};

static const struct wi_member history[] = {
    {"since", "integer",
        "Where the first step begins, in milliseconds since 1970: with the daemon, or an hour "
        "ago."},
    {"step_ms", "integer", "How long each step is. The last one is under way."},
    {"times", "[integer]", "Where each begins, in milliseconds since 1970."},
    {"series", "[Series]",
        "All together, then each model at each place, the most used first, then the others."},
    {0},
};
static const struct wi_member series[] = {
    {"of", "'all'|'model'|'others'",
        "All requests, those of a model at a place, or those that are not told apart."},
    {"model", "string|null", "Null of all and of the others."},
    {"place", "string|null",
        "The kind of browser, joined for all that have joined, and the platform. Null also of "
        "requests that failed without having run."},
    {"requests", "[integer]", "That ended: a figure for each step, as all that follow."},
    {"failures", "[integer]", "Of them, those that failed."},
    {"p50_ms", "[number|null]", "Of the times that requests took; null where none was answered."},
    {"p95_ms", "[number|null]", NULL},
    {"queue_p95_ms", "[number|null]", "Of the times that they waited for a node."},
    {"running", "[integer|null]|null",
        "How many ran when the step ended, the most of several steps; null where nobody looked. "
        "Only of all."},
    {"waiting", "[integer|null]|null", "Likewise."},
    {"prompt_tokens", "[integer]", NULL},
    {"generated_tokens", "[integer]", NULL},
    {"bytes_in", "[integer]", "Of the requests' bodies."},
    {"bytes_out", "[integer]", "Of the answers' bodies."},
    {0},
};

/* --- live sound ------------------------------------------------------------------------------ */

static const struct wi_member sound_stream[] = {
    {"id", "string", NULL},
    {"position", "integer", "Of the first byte to be sent."},
    {0},
};
static const struct wi_member sound_state[] = {
    {"position", "integer", "Of the next byte: so many came."},
    {"heard_ms", "integer", "How much sound that is, in milliseconds, as the next."},
    {"done_ms", "integer", "All sound before has its final text, or has no speech."},
    {"lag_ms", "integer",
        "How much sound came since the end of the oldest segment without its final text."},
    {0},
};
static const struct wi_member sound_partial[] = {
    {"segment", "integer", "Which one, from 0."},
    {"start_ms", "integer", "Where it begins, from the beginning of the stream."},
    {"text", "string", "As far as it has come. The final may be another."},
    {"stable", "integer",
        "So many characters (code points) of the text were the same in the partial before."},
    {0},
};
static const struct wi_member sound_final[] = {
    {"segment", "integer", NULL},
    {"start_ms", "integer", NULL},
    {"end_ms", "integer", NULL},
    {"text", "string", NULL},
    {"words?", "[(text string, start_ms integer, end_ms integer)]",
        "With options.timestamps word, by the time of the stream."},
    {"executed_on", "ExecutedOn", NULL},
    {0},
};
static const struct wi_member sound_lag[] = {
    {"lag_ms", "integer", NULL},
    {0},
};
static const struct wi_member sound_done[] = {
    {"segments", "integer", "How many there were."},
    {"heard_ms", "integer", "How much sound."},
    {0},
};
static const struct wi_member sound_error[] = {
    {"segment?", "integer", "That has failed. Without it the stream is at its end."},
    {0},
};

/* --- where a model would run ----------------------------------------------------------------- */

static const struct wi_member verified[] = {
    {"nodes", "[VerifiedPlatform]", NULL},
    {0},
};
static const struct wi_member verified_platform[] = {
    {"node", "string", NULL},
    {"browser", "string", NULL},
    {"platform", "Platform|null", "Null of a node that has none to look at."},
    {"verdict", "'simulated'|'wrong'|'not tested'|'right'|'software adapter'|'unproven'|'hardware'",
        NULL},
    {"reason", "string|null", "What was wrong, or why it is not tested."},
    {"evidence", "Evidence", NULL},
    {0},
};
static const struct wi_member evidence[] = {
    {"adapter", "Adapter|null", "What the node says of it."},
    {"challenges", "[(n integer, ms number, wasm_ms number|null, right boolean)]",
        "Products of n × n elements, with the times there and on the node's WASM."},
    {"kernels", "(tried integer, wrong [string])",
        "Of how many the answer came and was compared, and which were wrong."},
    {"joined", "boolean", "The service did not start it, so that its times are claims."},
    {0},
};
static const struct wi_member verify_progress[] = {
    {"steps", "integer", "How many products and answers came so far, or did not."},
    {0},
};
static const struct wi_member matrix[] = {
    {"features", "[(name string, title string)]", "The rows."},
    {"browsers", "[MatrixBrowser]", "The columns."},
    {0},
};
static const struct wi_member matrix_browser[] = {
    {"browser", "string", "Its kind."},
    {"browser_version", "string|null", NULL},
    {"node", "string|null", "Null of a kind that is not there."},
    {"joined", "boolean", "The service did not start it, so that what it says is a claim."},
    {"state", "'absent'|'unasked'|'asked'|'done'|'failed'", NULL},
    {"reason", "string|null", "Why it is absent, or failed."},
    {"asked_at", "integer|null", "In milliseconds since 1970."},
    {"found_at", "integer|null", "Likewise."},
    {"features", "object|null",
        "What was found last, by the features' names: state (yes, software or no) and detail, "
        "which says on what, or why not. Software is what a software adapter computed."},
    {0},
};
static const struct wi_member kernels[] = {
    {"kernels", "[Kernel]", NULL},
    {0},
};
static const struct wi_member kernel[] = {
    {"name", "string", NULL},
    {"help", "string", "What it computes."},
    {"inputs", "[KernelTensor]", NULL},
    {"outputs", "[KernelTensor]", NULL},
    {"sizes", "[KernelSize]", "What is said of dimensions beyond their names."},
    {"options", "object", "Their schema, with the defaults."},
    {"platforms", "[Platform]", "That it can be run on, where a node has them."},
    {0},
};
static const struct wi_member kernel_size[] = {
    {"name", "string", "Of a dimension."},
    {"of?", "string",
        "Of one that no input has: an option, or a quotient of sizes and options, rounded down."},
    {"most?", "integer", "How long it may be."},
    {0},
};
static const struct wi_member kernel_tensor[] = {
    {"name", "string", NULL},
    {"datatypes", "[Datatype]", NULL},
    {"shape", "[string]",
        "The names of its dimensions; those of one name are equal in all tensors. A first * stands "
        "for any number of others, none too."},
    {0},
};
static const struct wi_member model_sample[] = {
    {"model_name", "string", NULL},
    {"task?", "string", NULL},
    {"inputs", "any", "As of POST /v1/infer."},
    {"options?", "object", NULL},
    {0},
};
static const struct wi_member hardware[] = {
    {"model_name", "string", NULL},
    {"model_hash", "string", NULL},
    {"model_type", "string|null", NULL},
    {"decision", "'run'|'wait'|'never'", NULL},
    {"why", "string", NULL},
    {"would_run",
        "(node string, browser string, browser_version string, platform Platform, "
        "platforms [Platform], warm boolean, expected_ms number)|null",
        NULL},
    {"code?", "Code", "Where it would never run."},
    {"preferences", "[string]", NULL},
    {"numerics", "'check'|'off'", NULL},
    {"exploration", "number", "The share of requests that run once more elsewhere."},
    {"recheck", "number", NULL},
    {"probe", "(browser string, platform Platform, deadline_ms number)|null",
        "What would run beside the client's path."},
    {"options", "[HardwareOption]", "The chosen one first, then what is nearest to it."},
    {"passed_over", "[(browser string, installed boolean, why string, moves Moves|null)]",
        "Configured kinds without a node."},
    {0},
};
static const struct wi_member moves[] = {
    {"lost_ms", "number", "What requests have lost by not running there."},
    {"at_ms", "number", "At how much the model is moved there."},
    {0},
};
static const struct wi_member hardware_option[] = {
    {"browser", "string", NULL},
    {"browser_version", "string", NULL},
    {"joined", "boolean", NULL},
    {"token", "string|null",
        "A label of the token that its nodes joined with, until the service ends."},
    {"platform", "Platform", NULL},
    {"engine", "string", NULL},
    {"engine_version", "string|null", NULL},
    {"standing", "string", NULL},
    {"why", "string", NULL},
    {"chosen", "boolean", NULL},
    {"adapter", "Adapter|null", NULL},
    {"nodes?", "integer", NULL},
    {"open_nodes?", "integer", NULL},
    {"slots?", "integer", NULL},
    {"loaded_nodes?", "integer", NULL},
    {"warm?", "boolean", NULL},
    {"measured?", "boolean", NULL},
    {"verdict?", "string|null", NULL},
    {"preference?", "integer", NULL},
    {"estimate?", "Estimate|null", NULL},
    {"expected_ms?", "number", NULL},
    {"queue_ms?", "number", NULL},
    {"load_ms?", "number", NULL},
    {"run_ms?", "number", NULL},
    {"failure_ms?", "number", NULL},
    {"moves?", "Moves|null", NULL},
    {0},
};
static const struct wi_member estimate[] = {
    {"load_ms", "number", NULL},
    {"run_ms", "number", NULL},
    {"failure_rate", "number", NULL},
    {"loads", "integer", NULL},
    {"runs", "integer", NULL},
    {"measured_at", "integer", NULL},
    {"prompt_tokens_per_second?", "number", NULL},
    {"tokens_per_second?", "number", NULL},
    {0},
};

/* --- jobs and joins -------------------------------------------------------------------------- */

static const struct wi_member stored_job[] = {
    {"id", "string", NULL},
    {"state", "'queued'|'running'|'done'|'failed'|'cancelled'", NULL},
    {"model_name?", "string", NULL},
    {"client?", "string", "Whose it is."},
    {"client_id?", "string", "What the client called it."},
    {"node?", "string", NULL},
    {"endpoint", "'/v1/infer'|'/v1/jobs'", "Where it came."},
    {"priority", "integer", NULL},
    {"runs", "integer", "How often the daemon has begun it."},
    {"accepted_at", "integer", "In milliseconds since 1970, as all times here."},
    {"deadline_at", "integer", NULL},
    {"finished_at?", "integer", NULL},
    {"attempts?", "integer", NULL},
    {"problem?", "string", "What it waits for, or what went wrong last."},
    {"answer?", "any", "Of one that is done, as its endpoint gives it."},
    {"error?", "Problem|OpenaiError|AnthropicError", "Of one that has failed."},
    {0},
};
static const struct wi_member jobs[] = {
    {"jobs", "[StoredJob]", "The newest first."},
    {"next", "string|null", "What is after on the next page; null: there are no others."},
    {0},
};
static const struct wi_member result_row[] = {
    {"version", "integer", "Of the schema."},
    {"id", "string", NULL},
    {"name", "string", NULL},
    {"seed?", "integer", "The order of its cells was drawn with it."},
    {"began_at", "integer", "In milliseconds since 1970."},
    {"ended_at?", "integer", "Of one that goes on: none."},
    {"webinfer?", "(version? string|null, commit? string|null)", "What ran it."},
    {"machine?", "(cores? integer|null, memory_bytes? integer|null, kernel? string|null)", NULL},
    {"together?", "integer|null", "So many cells were measured at a time, at most."},
    {"noisy", "boolean", "Whether its yardstick drifted by more than 10 %; known at its end."},
    {"simulated", "boolean", NULL},
    {"imported", "boolean", "Whether it comes from elsewhere."},
    {0},
};
static const struct wi_member result_listed[] = {{"cell_count", "integer", NULL}, {0}};
static const struct wi_member result[] = {{"cells", "[LabCell]", NULL}, {0}};
static const struct wi_member results[] = {
    {"results", "[LabListed]", "The newest first."},
    {"next", "string|null", "What is after on the next page; null: there are no others."},
    {0},
};
static const struct wi_member result_kept[] = {
    {"id", "string", "A new run without one got this."},
    {"created", "boolean", NULL},
    {"added", "integer", "How many cells were not there yet."},
    {"cells", "integer", "How many it has now."},
    {0},
};
static const struct wi_member join[] = {
    {"id", "string", NULL},
    {"token", "string", "It is shown this once."},
    {"url", "string", "To be opened in a browser."},
    {"nodes", "integer", "So many may be there with it at a time."},
    {"expires_at", "integer", "In milliseconds since 1970; none may come anew then."},
    {0},
};
static const struct wi_member joins[] = {
    {"joins", "[(id string, nodes integer, joined integer, expires_at integer)]",
        "The tokens, without their secrets."},
    {"node_tokens", "[(name string, joined integer)]",
        "How many nodes are there with each token of the rank node."},
    {0},
};

static const struct wi_member log_line[] = {
    {"seq", "integer", "Its number, from 1 on since the start."},
    {"time", "string", "As RFC 3339 has it, in UTC with milliseconds."},
    {"level", "'error'|'warn'|'info'|'debug'", NULL},
    {"part", "string", "The part of the daemon that said it."},
    {"subject?", "string", "The id of what it is about."},
    {"method?", "string", "This and what follows: of a request that was answered."},
    {"path?", "string", NULL},
    {"status?", "integer", NULL},
    {"bytes_in?", "integer", NULL},
    {"bytes_out?", "integer", NULL},
    {"duration_ms?", "number", NULL},
    {"token?", "string|null", "The name of the token."},
    {"address?", "string", "The client's; behind a trusted proxy what that one says."},
    {"request_id?", "string", NULL},
    {"client_left?", "boolean", NULL},
    {"parts?", "integer", "Of a stream: those that the client took."},
    {"message", "string", NULL},
    {0},
};
static const struct wi_member logs[] = {
    {"lines", "[LogLine]", "The oldest first."},
    {"lost", "integer", "How many older lines there were that are not kept any more."},
    {0},
};

/* --- what is watched ------------------------------------------------------------------------- */

static const struct wi_member watched_status[] = {
    {"version", "string", NULL},
    {"started_at", "integer", "In milliseconds since 1970."},
    {"ready", "boolean", "Whether a node can take work."},
    {"problem", "string|null", "What keeps new clients from being served."},
    {"api", "(url string)", NULL},
    {"bridge", "(url string)", "Where nodes come."},
    {"nodes", "(count integer, open integer, quarantined integer)",
        "How many there are, how many take work, and how many are under quarantine."},
    {"kinds",
        "{(installed boolean, problem string|null, breaker 'closed'|'open'|'half-open', "
        "failures integer, min integer, max integer, wished boolean)}",
        "The kinds of browsers by name."},
    {"warnings", "[string]", "For the operator."},
    {0},
};
static const struct wi_member watched_queue[] = {
    {"waiting", "integer", NULL},
    {"running", "integer", NULL},
    {"limit", "integer", "How many may wait."},
    {0},
};

#define FORM(form, rows, ...)                                                                      \
    {                                                                                              \
        .name = form, .members = rows, ##__VA_ARGS__                                               \
    }
const struct wi_schema wi_service_schemas[] = {
    FORM("Failure", failure),
    FORM("SourceError", source_error),
    FORM("Problem", problem, .help = "An error, as RFC 9457 has it."),
    FORM("OpenaiError", openai_error, .help = "An error, as OpenAI's clients read it."),
    FORM("OpenaiErrorValue", openai_error_value),
    FORM("BothErrors", both_errors, .also = "Problem", .help = "An error in both forms."),
    FORM("Endpoints", root),
    FORM("Alive", alive),
    FORM("Ready", ready),
    FORM("Status", status),
    FORM("JobRow", job_row),
    FORM("RunningJob", running_job, .also = "JobRow"),
    FORM("SessionRow", session_row),
    FORM("Session", session, .also = "SessionRow"),
    FORM("NodeRow", node_row),
    FORM("Node", node, .also = "NodeRow"),
    FORM("NodeLimit", node_limit),
    FORM("Conduct", conduct),
    FORM("Nodes", nodes),
    FORM("Quarantined", quarantined),
    FORM("Tuning", tuning),
    FORM("Engine", engine),
    FORM("Adapter", adapter),
    FORM("Kind", kind),
    FORM("Verb", verb),
    FORM("History", history),
    FORM("Series", series),
    FORM("SoundStream", sound_stream),
    FORM("SoundState", sound_state),
    FORM("SoundPartial", sound_partial),
    FORM("SoundFinal", sound_final),
    FORM("SoundLag", sound_lag),
    FORM("SoundDone", sound_done),
    FORM("SoundError", sound_error, .also = "Problem"),
    FORM("Verified", verified),
    FORM("VerifiedPlatform", verified_platform),
    FORM("Evidence", evidence),
    FORM("VerifyProgress", verify_progress),
    FORM("Matrix", matrix),
    FORM("MatrixBrowser", matrix_browser),
    FORM("Kernels", kernels),
    FORM("Kernel", kernel),
    FORM("KernelSize", kernel_size),
    FORM("KernelTensor", kernel_tensor),
    FORM("ModelSample", model_sample),
    FORM("Hardware", hardware),
    FORM("HardwareOption", hardware_option),
    FORM("Moves", moves),
    FORM("Estimate", estimate),
    FORM("StoredJob", stored_job),
    FORM("Jobs", jobs),
    FORM("Job", NULL, .is = "RunningJob|StoredJob"),
    FORM("LabRow", result_row, .help = "A run of the laboratory, without its cells."),
    FORM("LabListed", result_listed, .also = "LabRow"),
    FORM("LabResult", result, .also = "LabRow"),
    FORM("LabResults", results),
    FORM("LabKept", result_kept),
    FORM("LogLine", log_line),
    FORM("Logs", logs),
    FORM("Join", join),
    FORM("Joins", joins),
    FORM("WatchedStatus", watched_status),
    FORM("WatchedQueue", watched_queue),
    FORM("Watched", NULL, .help = "Objects by their keys; null is what is gone.",
        .is = "{WatchedStatus|WatchedQueue|SessionRow|Node|Model|JobRow|Pull|null}"),
    {0},
};
