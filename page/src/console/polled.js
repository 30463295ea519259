/** What a view reads now and then, beside what the daemon tells by itself. */
import { sentenceOf } from './api.js';

/**
 * Reads now, and again so many ms after each end, until it is stopped. The view is drawn again after each.
 * @param {import('./main.js').App} app @param {number} everyMs
 * @param {() => Promise<void>} read what it throws becomes `problem`, until it succeeds
 */
export function polled(app, everyMs, read) {
    let isOver = false, timer = 0;
    const polling = {
        problem: '',
        async again() {
            clearTimeout(timer);
            try {
                await read();
                polling.problem = '';
            } catch (error) {
                polling.problem = sentenceOf(error);
            }
            if (isOver) return;
            app.redraw();
            clearTimeout(timer); // of another one that has ended meanwhile
            timer = window.setTimeout(polling.again, everyMs);
        },
        stop() {
            isOver = true;
            clearTimeout(timer);
        },
    };
    void polling.again();
    return polling;
}
