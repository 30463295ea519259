/* How much text and sound a request may have, and how much of what its options are made of. The
 * page has the same limits from here: see scripts/task-rules.mjs. */
#ifndef WI_TERMS_TASK_LIMITS_H
#define WI_TERMS_TASK_LIMITS_H

#define WI_TEXT_MAX (4 << 20) /* bytes of text in a request */
#define WI_TEXT_PER_TOKEN 64  /* bytes: a token stands for less */
#define WI_TEXT_PICTURES 16   /* in the messages of a request */
#define WI_TEXT_MESSAGES 4096 /* in one request; likewise texts and documents: */
#define WI_TEXT_LIST 2048
#define WI_TEXT_ANSWERS 64 /* to the prompts of a list, in all */
/* Texts in a request, be they empty: parts of messages and arguments of calls count, too. */
#define WI_TEXT_COUNT 16384
/* Labels that a request chooses among, the characters of one (as JavaScript counts them), and of
 * texts with labels how many of each with each. */
#define WI_TEXT_LABELS 256
#define WI_TEXT_LABEL_MAX 1000
#define WI_TEXT_JUDGED 4096
#define WI_TEXT_SCHEMA (64 * 1024) /* bytes of a grammar, or of a schema as JSON */
#define WI_TEXT_TOOLS (256 * 1024) /* bytes of all tools as JSON */
#define WI_TEXT_TOOL_NAME 64       /* characters of a tool's name */
#define WI_TEXT_DEPTH 32           /* of JSON that a client chooses freely */
#define WI_TOKENS_MAX 10000000     /* more than any context has */
/* What repeat_penalty may be. */
#define WI_TEXT_PENALTY_MIN 0.01
#define WI_TEXT_PENALTY_MAX 10
#define WI_TEXT_STOPS 16 /* strings before which an answer ends, and bytes of one */
#define WI_TEXT_STOP_MAX 256
#define WI_TEXT_BIASES 1024  /* tokens that are weighed */
#define WI_TEXT_IGNORED 1000 /* labels that are not told */

/* Of sounds: pages take an hour at 16 kHz, which has 230 MB there. */
#define WI_SOUND_SECONDS_MAX 3600
#define WI_SOUND_RATE_MIN 1000 /* samples a second */
#define WI_SOUND_RATE_MAX 384000
#define WI_SOUND_CHANNELS_MAX 32

#endif
