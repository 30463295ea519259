/** What tests of other services' own clients share: nodes that come and go beneath them. */
import assert from 'node:assert/strict';
import { patience } from './daemon.mjs';
import { Simulation } from './simulation.mjs';
import { until } from './wait.mjs';

/** A text of so many words, of which simulated nodes say one at a time. @param {number} count */
export const words = (count) => Array.from({ length: count }, (_, i) => `w${i}`).join(' ');

/** Counts what a client asks. `better` is awaited before its second request.
 * @param {() => Promise<unknown>} better */
export function countCalls(better) {
    const asked = {
        calls: 0,
        /** @param {Parameters<typeof fetch>} request */
        fetch: async (...request) => {
            if (++asked.calls === 2) await better();
            return fetch(...request);
        },
    };
    return asked;
}

/** One node that does not fail, in the place of those that are there.
 * @param {Simulation} simulation @param {import('./daemon.mjs').Daemon} daemon */
export async function replaced(simulation, daemon) {
    await simulation.stop();
    return new Simulation(daemon, { nodes: 1 }).up();
}

/** Whoever has left a stream has stopped the one job that ran. The simulation ends.
 * @param {import('./daemon.mjs').Daemon} daemon @param {Simulation} simulation */
export async function assertStopped(daemon, simulation) {
    await until(async () => (await daemon.status()).queue.running === 0,
        { what: 'the job to end', timeout: 20_000 * patience });
    const { cancelled } = await simulation.stop();
    assert.equal(cancelled, 1);
}
