/* Limits for the text, sound and options of a request. The page gets the same limits from this
 * file: see scripts/task-rules.mjs. */
#ifndef WI_TERMS_TASK_LIMITS_H
#define WI_TERMS_TASK_LIMITS_H

#define WI_TEXT_MAX (4 << 20) /* bytes of text in a request */
#define WI_TEXT_PER_TOKEN 64  /* bytes: no token is longer */
#define WI_TEXT_PICTURES 16   /* in the messages of a request */
#define WI_TEXT_MESSAGES 4096 /* in a request; texts and documents: */
#define WI_TEXT_LIST 2048
#define WI_TEXT_ANSWERS 64 /* in all, for a list of prompts */
/* Texts in a request, including empty ones; parts of messages and arguments of calls count, too. */
#define WI_TEXT_COUNT 16384
/* The labels of a request, the characters of a label (as JavaScript counts them), and the number of
 * texts times the number of labels. */
#define WI_TEXT_LABELS 256
#define WI_TEXT_LABEL_MAX 1000
#define WI_TEXT_JUDGED 4096
#define WI_TEXT_SCHEMA (64 * 1024) /* bytes of a grammar, or of a schema as JSON */
#define WI_TEXT_TOOLS (256 * 1024) /* bytes of all tools as JSON */
#define WI_TEXT_TOOL_NAME 64       /* characters of a tool's name */
#define WI_TEXT_DEPTH 32           /* of JSON that a client chooses freely */
#define WI_TOKENS_MAX 10000000     /* more than any context has */
/* The limits of repeat_penalty. */
#define WI_TEXT_PENALTY_MIN 0.01
#define WI_TEXT_PENALTY_MAX 10
#define WI_TEXT_STOPS 16 /* strings before which an answer ends, and the bytes of one */
#define WI_TEXT_STOP_MAX 256
#define WI_TEXT_BIASES 1024  /* tokens with a bias */
#define WI_TEXT_IGNORED 1000 /* labels that are left out of answers */

/* For sounds: pages take an hour at 16 kHz, which is 230 MB there. */
#define WI_SOUND_SECONDS_MAX 3600
#define WI_SOUND_RATE_MIN 1000 /* samples a second */
#define WI_SOUND_RATE_MAX 384000
#define WI_SOUND_CHANNELS_MAX 32

#endif
