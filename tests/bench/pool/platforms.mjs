/** Every case on each kind and platform, as `webinfer bench` measures and judges it. */
import * as cases from '../../lib/cases.mjs';
import { webinfer } from '../../lib/cli.mjs';
import { counted, table } from '../figures.mjs';
import { withAll } from './kinds.mjs';
import * as mix from './mix.mjs';

/** The whole command, a cell that has only just begun included. */
const TIMEOUT_MS = 4 * 3_600_000;

export function measure({ quick }) {
    const names = quick ? mix.names : cases.names().filter((name) => !cases.load(name).mustFail);
    const pool = { numerics: 'off', exploration: '0%', adaptive_scaling: 'no' };
    return withAll({ models: names, pool }, async (daemon) => {
        const { code, out, problems } = await webinfer(daemon, ['bench', ...names, '--test-type', 'client', '--runs', '3',
            '--cell-time', quick ? '12s' : '20s', '--time', '3h', '--json'], { timeout: TIMEOUT_MS });
        if (!out) throw new Error(`webinfer bench ended with ${code}: ${problems}`);
        return JSON.parse(out).cells.filter(({ yardstick }) => !yardstick);
    });
}

const placeOf = ({ browser, platform }) => [browser, platform].filter(Boolean).join('/');

export function print(cells) {
    const places = [...new Set(cells.map(placeOf))];
    const cell = ({ outcome, load_ms: load, first_ms: first, summary }) => outcome !== 'ok' ? outcome
        : `${load === undefined ? '–' : (load + first).toFixed(0)} → ${summary.median.toFixed(1)}`; // where `auto` goes it is loaded already
    const inAll = (place) => counted(cells.filter((one) => placeOf(one) === place).map(({ outcome }) => outcome));
    const rows = [...new Set(cells.map(({ model }) => model))].map((model) =>
        [model, ...places.map((place) => cell(cells.find((one) => one.model === model && placeOf(one) === place)))]);
    return table('Load and first run → warm request, ms', ['case', ...places], [...rows, ['in all', ...places.map(inAll)]]);
}
