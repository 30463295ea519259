// tier: long
/** Two hundred cycles of each kind of browser. */
import './cycles.test.mjs';
