// tier: full
/** The daemon as it is shipped ends in the same ways as the one that the sanitizers watch. */
import '../ending.test.mjs';
