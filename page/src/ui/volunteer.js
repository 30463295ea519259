/** The view for a person who lends this browser: the question before anything begins, then the current work, its cost so far,
 * and the buttons. Names come from others, so they are shown as text; none is a client's. */
import { isLent } from '../shared/lent.js';
import { hostOf } from './endpoints.js';
import { bytesOf, rows, showState, text } from './view.js';

/** @import { Doing, StateMessage } from '../shared/messages.js' */

/** @param {string} id */
const element = (id) => /** @type {HTMLElement} */ (document.getElementById(id));

/** The work that the service sends to other people's browsers: [pool] strangers of webinferd.conf(5). @type {Record<string, string>} */
const WORK = {
    none: 'The service sends no work to browsers that it did not start itself, so this page would only wait.',
    tensors: 'Models for pictures, and models whose inputs are numbers. The service sends no text and no sound to other people’s browsers.',
    text: 'Models for pictures, for sound and for language, and models whose inputs are numbers. This browser receives what people write and say to them.',
};

/** Says which work it is, where the service tells. */
async function tellWork() {
    const word = await fetch('/work').then((response) => (response.ok ? response.text() : ''), () => '');
    if (WORK[word]) text('ask-work', WORK[word]);
}

/** Says how many bytes of models' files this browser would keep. @param {number} keep */
export const tellKeep = (keep) => text('ask-keep', keep > 0
    ? `Up to ${+(keep / 2 ** 30).toFixed(1)} GiB of these files stay in this browser, where it allows that, and can be removed here.`
    : 'This browser keeps none of these files.');

/** Asks, and calls `start` once they want it. @param {string[]} services to which this page would go
 * @param {() => number} fetched bytes of the page itself @param {() => void} start @param {'asking' | 'known'} sentence why the page
 * may compute: by a link, or because the service remembers this browser
 * @returns {() => void} shows again what it has fetched */
export function ask(services, fetched, start, sentence) {
    const section = element('ask'), button = element('start');
    text('host', services.map(hostOf).join(', then '));
    const spent = () => text('ask-spent', `No memory for models. ${bytesOf(fetched())} of traffic, for this page.`);
    spent();
    tellWork();
    section.hidden = false;
    showState('asking', '', sentence);
    button.addEventListener('click', () => {
        section.hidden = true;
        element('state').focus();
        start();
    }, { once: true });
    return spent;
}

/** There is nothing to join with any more. */
export function askNoMore() {
    element('ask').hidden = true;
    showState('no-token');
}

/** Connects the buttons that work from now on. @param {(paused: boolean) => void} pause @param {() => void} leave */
export function onVerbs(pause, leave) {
    element('pause').addEventListener('click', () => pause(document.documentElement.dataset.paused !== 'true'));
    element('stop').addEventListener('click', () => {
        element('state').focus();
        leave();
    });
}

/** @param {StateMessage} message @param {number} fetched bytes of files, those of the page included @param {boolean} paused by the
 * button: it ends no other pause */
export function showLent(message, fetched, paused) {
    const { doing, memory, sent, received, models } = message, lent = isLent(message);
    document.documentElement.dataset.paused = String(paused);
    element('verbs').hidden = element('lent').hidden = !lent;
    if (!lent) return;
    text('pause', paused ? 'Continue' : 'Pause');
    element('doing-nothing').hidden = doing.length > 0;
    rows('doing', doing.map((one) => [one.name, `${one.platform}: ${amountOf(one)}`]));
    const held = models.filter((one) => one.state === 'loaded').length;
    rows('spent', [
        ['Memory', `${bytesOf(memory)} for ${held} ${held === 1 ? 'model' : 'models'}`],
        ['Traffic', `${bytesOf(received)} of inputs and other messages came, ${bytesOf(sent)} of answers and other messages went, `
            + `${bytesOf(fetched)} of files came`],
    ]);
}

/** @param {Doing} one */
function amountOf({ loading, running, waiting }) {
    const parts = [
        running > 0 && `${running} ${running === 1 ? 'task runs' : 'tasks run'}`,
        waiting > 0 && `${waiting} ${waiting === 1 ? 'waits' : 'wait'}`,
        loading && 'the model is being loaded',
    ];
    return parts.filter(Boolean).join(', ');
}
