/** The members of the cluster that this daemon sees. */
import { get } from '../api.js';
import { h } from '../draw.js';
import { count, duration, plain } from '../format.js';
import { badge, table } from '../parts.js';
import { polled } from '../polled.js';

const EVERY_MS = 2000;
/** Clocks that differ by more are wrong: the daemon warns of them, too. */
const SKEW_MS = 30000;

/** What the state means. @type {Record<string, string>} */
const STATES = {
    off: 'This daemon is in no cluster: [cluster] servers is empty.',
    connecting: 'This daemon has no connection to a NATS server.',
    joining: 'This daemon is joining.',
    member: 'This daemon is a member.',
    name_taken: 'This daemon does not take part: another member has its name.',
};

/** @param {import('../main.js').App} app @returns {import('../main.js').View} */
export function clusterView(app) {
    /** @type {any} */
    let cluster = null;
    const polling = polled(app, EVERY_MS, async () => {
        cluster = await get('/v1/cluster');
    });
    return {
        title: 'Cluster', kinds: [], fresh: () => void polling.again(), stop: polling.stop,
        render() {
            const { problem } = polling;
            if (!cluster) return { state: problem ? 'failed' : 'loading', parts: [h('p', { class: problem ? 'problem' : '' }, problem || 'Reading the cluster.')] };
            return { state: 'filled', parts: [
                problem ? h('p', { class: 'problem' }, problem) : null,
                h('p', { class: 'note' }, STATES[cluster.state] ?? plain(cluster.state),
                    cluster.name ? ` Its name is ${plain(cluster.name)}.` : null, cluster.server ? ` It is connected to ${plain(cluster.server)}.` : null),
                cluster.problem ? h('p', { class: 'problem' }, plain(cluster.problem.detail)) : null,
                table('Members', COLUMNS, cluster.members, ({ name }) => name, 'This daemon sees no member.'),
            ] };
        },
    };
}

/** @type {import('../parts.js').Column[]} */
const COLUMNS = [
    { name: 'Member', cell: (member) => [h('strong', null, plain(member.name)), member.self ? h('small', null, 'this daemon') : null] },
    { name: 'Version', cell: (member) => plain(member.version) },
    { name: 'Nodes', figure: true, cell: (member) => count(member.load.nodes) },
    { name: 'Running', figure: true, cell: (member) => count(member.load.running) },
    { name: 'Waiting', figure: true, cell: (member) => count(member.load.waiting) },
    { name: 'Models', figure: true, cell: (member) => h('span', { title: plain(member.models.join(', ')) || undefined }, count(member.model_count)) },
    { name: 'Addresses', wide: true, cell: (member) => [member.api, member.bridge].filter(Boolean).map((one) => h('small', null, h('code', null, plain(one)))) },
    { name: 'Last record', figure: true, cell: (member) => `${duration(member.age_ms)} ago` },
    { name: 'Clock', figure: true, cell: (member) => (Math.abs(member.clock_ms) > SKEW_MS ? badge(`${member.clock_ms < 0 ? '−' : '+'}${duration(Math.abs(member.clock_ms))}`, 'bad') : 'right') },
];
