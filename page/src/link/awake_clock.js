/**
 * A clock that stands still while the page does: a browser may freeze a page, and a machine may sleep. What had no time to run
 * meanwhile is not late. A standstill shows when nobody has looked at the clock for longer than expected. It uses no browser
 * globals.
 */

export class AwakeClock {
    /** @param {() => number} now in ms */
    constructor(now) {
        this._now = now;
        this._seen = now();
        this._stood = 0;
        this._most = Infinity;
    }

    /** From now on, somebody looks at it at least so often. @param {number} ms Infinity: how often is unknown */
    expect(ms) {
        this.now();
        this._most = ms;
    }

    /** In ms, without standstills. */
    now() {
        const at = this._now();
        this._stood += Math.max(0, at - this._seen - this._most);
        this._seen = at;
        return at - this._stood;
    }
}
