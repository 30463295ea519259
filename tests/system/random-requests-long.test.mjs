// tier: long
/** Ten minutes of random requests, with a new seed. */
import './random-requests.test.mjs';
