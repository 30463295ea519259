// tier: long
/** The long chaos run over machines. */
import './chaos-machines.test.mjs';
