// tier: long
/** The long chaos run. */
import './chaos.test.mjs';
