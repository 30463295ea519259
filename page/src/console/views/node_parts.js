/** A node in any table: its state, why it gets less work, and an admin's actions on it. */
import { ask } from '../api.js';
import { count, many, moment, plain } from '../format.js';
import { attempt, button, confirm } from '../parts.js';

/** @param {any} node @returns {[string, 'good' | 'wait' | 'bad' | '']} */
export function stateOf(node) {
    if (node.away) return ['away', 'bad'];
    if (node.draining) return ['draining', 'wait'];
    if (node.paused) return ['paused', 'wait'];
    if (node.held) return ['held', 'bad'];
    if (node.limits?.length) return ['less work', 'wait'];
    return node.attempts > 0 ? ['busy', 'good'] : ['idle', 'good'];
}

/** "open: 5 of its last 50; until …": why it gets less work, or none. @param {any} node @param {any} limit */
export function limitOf({ conduct }, { evidence, until, undone_by }) {
    const times = { ...conduct, client_input: conduct?.suspicion }[/** @type {'open'} */ (evidence)];
    return `${plain(evidence)}${times ? `: ${count(times)} of its last 50` : ''}; until ${until ? moment(until) : plain(undone_by)}`;
}

/** The page of a person, or another program; not what another daemon lends (`via`). @param {any} node */
export const isJoined = ({ session, via }) => session === null && !via;

/** Replaces a browser of the service's own, if its admin agrees. @param {{id: string, kind: string, running: number}} session
 * @param {() => void} read */
export async function recycle({ id, kind, running }, read) {
    const text = [`The browser ${plain(id)} (${plain(kind)}) accepts no more work, ends, and is replaced by a new one.`,
        running ? `${many(running, 'request runs', 'requests run')} in it now, which finish first.` : 'Nothing runs in it now.', 'Its models are loaded again.'];
    if (await confirm({ title: `Replace the browser ${plain(id)}?`, text, verb: 'Recycle' }))
        await attempt(() => ask('POST', `/v1/sessions/${encodeURIComponent(id)}/recycle`), `The browser ${id} is being replaced.`);
    read();
}

/** An admin's actions on a node. @param {any} node @param {() => void} read */
export function verbs(node, read) {
    const { id, label, session, attempts } = node, path = `/v1/nodes/${encodeURIComponent(id)}`;
    const name = label ? `${plain(label)} (${id})` : `The node ${id}`, about = `${id} (${label ? `${plain(label)}, ` : ''}${plain(node.browser)}).`;
    const running = (/** @type {string} */ one, /** @type {string} */ several) => (attempts > 0 ? `${many(attempts, one, several)}.` : 'Nothing runs on it now.');
    const ending = running('attempt runs on it and ends first', 'attempts run on it and end first');
    const send = async (/** @type {'POST' | 'DELETE'} */ method, /** @type {string} */ where, /** @type {string} */ done) => {
        await attempt(() => ask(method, where), done);
        read();
    };
    const drain = async () => {
        if (await confirm({ title: 'Stop sending work to this node?', text: [about, ending], verb: 'Drain' }))
            await send('POST', `${path}/drain`, `${name} gets no new work.`);
    };
    const undrain = () => send('POST', `${path}/undrain`, `${name} gets work again.`);
    const forgive = async () => {
        if (await confirm({ title: 'Forget the findings about this node?', text: [about, ...node.limits.map((/** @type {any} */ one) => limitOf(node, one))], verb: 'Forgive' }))
            await send('POST', `${path}/forgive`, `The findings about ${id} are forgotten.`);
    };
    const remove = async () => {
        const given = running('attempt on it is given to others', 'attempts on it are given to others');
        if (await confirm({ title: 'Send this page away?', text: [about, given, 'Whoever still has a valid link can join again.'], verb: 'Remove' }))
            await send('DELETE', path, `${name} is removed.`);
    };
    return [node.draining ? button('Undrain', undrain, { quiet: true, label: `Undrain ${id}` }) : button('Drain', drain, { quiet: true, label: `Drain ${id}` }),
        node.limits?.some((/** @type {any} */ { since }) => since !== null) && button('Forgive', forgive, { quiet: true, label: `Forgive ${id}` }),
        session && button('Recycle', () => recycle({ id: session, kind: node.browser, running: attempts }, read), { quiet: true, label: `Recycle ${session}` }),
        isJoined(node) && button('Remove', remove, { quiet: true, label: `Remove ${id}` })];
}
