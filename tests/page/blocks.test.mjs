// tier: quick
/** The rules by which blocks of a file come from several sources, some of which lie, are silent or trickle. */
import assert from 'node:assert/strict';
import { afterEach, beforeEach, describe, mock, test } from 'node:test';
import { Fetching, Lie, NotHere } from '../../page/src/shared/blocks.js';

const COUNT = 16;
const blockOf = (index) => Uint8Array.of(index, 255 - index, 7, 7);
const turn = () => new Promise(setImmediate);
let clock;
beforeEach(() => {
    clock = 0;
    mock.timers.enable({ apis: ['setTimeout'] });
});
afterEach(() => mock.timers.reset());

async function pass(ms) {
    for (let i = 0; i < 4; i++) await turn();
    for (const end = clock + ms; clock < end;) {
        clock += 10;
        mock.timers.tick(10);
        for (let i = 0; i < 4; i++) await turn();
    }
}

/** A source that answers after so many ms, by `answer`; it keeps what it was asked for. */
class Played {
    asked = [];
    under = 0;
    most = 0;
    isClosed = false;
    ms = 10;

    constructor(name, runs = [[0, COUNT]], answer = blockOf) {
        Object.assign(this, { name, runs, answer });
    }

    have(told, over) {
        Object.assign(this, { told, over });
        if (this.runs.length > 0) told(this.runs);
    }

    async want(index) {
        this.asked.push(index);
        this.most = Math.max(this.most, ++this.under);
        if (this.ms !== Infinity) await new Promise((resolve) => setTimeout(resolve, this.ms));
        else await new Promise(() => {});
        this.under--;
        return this.answer(index);
    }

    close() {
        this.isClosed = true;
    }
}

/** A fetching that runs: what it has taken, and whom it has reported. */
function start(peers, { service = new Played('the service', []), random = Math.random, own, missing = Array(COUNT).keys(), take = () => {}, signal = new AbortController().signal } = {}) {
    const told = { service, taken: new Map(), reported: [], state: 'running' };
    const isRight = async (index, bytes) => {
        await turn();
        return Buffer.compare(bytes, blockOf(index)) === 0;
    };
    told.fetching = new Fetching({ count: COUNT, isRight, report: (...said) => told.reported.push(said), take: (index, bytes) => {
        assert.equal(told.taken.has(index), false, 'it is taken once');
        told.taken.set(index, bytes);
        take(index);
    } }, missing, service, { now: () => clock, random, own });
    for (const peer of peers) told.fetching.add(peer);
    told.fetching.run(signal).then(() => { told.state = 'done'; }, (error) => { told.state = error; });
    return told;
}

function assertDone({ state, taken, service }, peers = []) {
    assert.equal(state, 'done');
    assert.deepEqual([...taken.keys()].sort((a, b) => a - b), [...Array(COUNT).keys()]);
    for (const one of [service, ...peers]) assert.equal(one.isClosed, true);
}

describe('what is asked of whom', () => {
    test('without peers the service gives all, two at a time', async () => {
        const told = start([]);
        await pass(200);
        assertDone(told);
        assert.deepEqual([told.service.most, told.service.asked.length, new Set(told.service.asked).size], [2, COUNT, COUNT]);
    });

    test('what has come otherwise before is not asked for', async () => {
        const service = new Played('the service', []), taken = [];
        const fetching = new Fetching({ count: 4, isRight: async () => true, take: (index) => taken.push(index), report: () => {} }, [0, 1, 2, 3], service, { now: () => clock });
        fetching.skip(0);
        fetching.skip(2);
        fetching.run(new AbortController().signal);
        await pass(100);
        assert.deepEqual([service.asked.sort(), taken.sort(), service.isClosed], [[1, 3], [1, 3], true]);
    });

    test('only what is missing is asked for', async () => {
        const told = start([], { missing: [3, 5] });
        await pass(50);
        assert.deepEqual([told.state, told.service.asked.sort()], ['done', [3, 5]]);
        assert.equal(start([], { missing: [] }).service.asked.length, 0);
    });

    test('a peer that has all is asked for all, two at a time, and the service for nothing', async () => {
        const peer = new Played('a'), told = start([peer]);
        await pass(200);
        assertDone(told, [peer]);
        assert.deepEqual([peer.most, peer.asked.length, told.service.asked], [2, COUNT, []]);
    });

    test('the service is asked for what no peer has, and for nothing else', async () => {
        const peer = new Played('a', [[0, 4], [6, 2], [12, 4]]), told = start([peer]);
        await pass(200);
        assertDone(told);
        assert.deepEqual(told.service.asked.sort((a, b) => a - b), [4, 5, 8, 9, 10, 11]);
    });

    test('what a peer has later is asked of it', async () => {
        const peer = new Played('a', []), service = new Played('the service', []);
        service.ms = 100;
        const told = start([peer], { service });
        await pass(50);
        peer.told([[0, COUNT]]);
        await pass(300);
        assertDone(told);
        assert.equal(told.service.asked.length, 2);
    });

    test('the rarest is first, and of several that are as rare any', async () => {
        const firsts = new Set();
        for (let i = 0; i < 200; i++) {
            // Blocks 13 and 15 are at the first alone.
            const first = new Played('a'), told = start([first, new Played('b', [[0, 12]]), new Played('c', [[0, 13], [14, 1]])]);
            assert.deepEqual(new Set(first.asked), new Set([13, 15]));
            firsts.add(first.asked[0]);
            told.fetching._settle(new Error('enough'));
        }
        assert.deepEqual([...firsts].sort(), [13, 15]);
    });

    test('pages that begin together ask the service for different blocks', async () => {
        const asked = Array.from({ length: 64 }, () => start([]).service.asked[0]);
        assert.ok(new Set(asked).size > COUNT / 2, `${asked}`);
    });

    test('pages that load at the same time ask the service for each block once', async () => {
        const pages = Array.from({ length: 4 }, (_, i) => {
            const page = { name: `page ${i}`, service: Object.assign(new Played('the service', []), { ms: 100 }), taken: 0, tells: [], isDone: false };
            const take = (index) => {
                page.taken++;
                for (const tell of page.tells) tell([[index, 1]]);
            };
            page.fetching = new Fetching({ count: COUNT, isRight: async () => true, take, report: () => assert.fail('nobody lies') }, Array(COUNT).keys(), page.service, { own: page.name, now: () => clock });
            return page;
        });
        for (const page of pages)
            for (const other of pages) {
                if (page === other) continue;
                const source = new Played(other.name, []);
                page.fetching.add(source);
                page.fetching.meet(other.name);
                other.tells.push((runs) => source.told(runs));
            }
        for (const page of pages) page.fetching.run(new AbortController().signal).then(() => (page.isDone = true));
        await pass(3000);
        const asked = pages.flatMap(({ service }) => service.asked);
        assert.deepEqual([asked.length, new Set(asked).size, pages.map(({ taken, isDone }) => [taken, isDone])], [COUNT, COUNT, Array(4).fill([COUNT, true])]);
        assert.ok(pages.every(({ service }) => service.asked.length > 0), 'each a part');
    });

    test('a page that loads the file, too, and gives nothing is waited for 5 s in all; one that has gone is not', async () => {
        for (const [hasGone, ms] of [[false, 5000], [true, 0]]) {
            const told = start([], { own: 'me' });
            for (const name of ['a', 'b', 'c']) told.fetching.meet(name);
            await pass(300);
            const { length } = told.service.asked;
            assert.ok(length > 0 && length < COUNT, `${length}`);
            assert.equal(told.taken.size, length);
            if (hasGone) for (const name of ['a', 'b', 'c']) told.fetching.part(name);
            await pass(ms - 350 > 0 ? ms - 350 : 0);
            if (!hasGone) assert.equal(told.taken.size, length);
            await pass(400);
            assertDone(told);
        }
    });

    test('a peer that comes when all is there is closed', async () => {
        const told = start([]), late = new Played('late');
        await pass(200);
        told.fetching.add(late);
        assert.deepEqual([late.isClosed, late.asked], [true, []]);
    });
});

describe('what is late', () => {
    /** A peer that needs 100 ms for each of five blocks, and then so long. */
    const slowing = (ms) => {
        const peer = new Played('slow'), { want } = peer;
        peer.want = (index) => {
            peer.ms = peer.asked.length < 5 ? 100 : ms;
            return want.call(peer, index);
        };
        return peer;
    };

    test('four times its source’s median: it is asked for elsewhere, too, and the first right one is taken', async () => {
        const slow = slowing(10_000), told = start([slow]);
        while (slow.asked.length < 6) await pass(10);
        await pass(390);
        assert.deepEqual(told.service.asked, []);
        await pass(10);
        assert.ok(told.service.asked.includes(slow.asked[5]));
        await pass(500);
        assertDone(told);
        const twice = told.service.asked.filter((index) => slow.asked.includes(index));
        assert.deepEqual(twice.sort(), slow.asked.slice(5).sort());
        assert.equal(told.service.asked.length + slow.asked.length, COUNT + twice.length);
        assert.deepEqual(told.reported, []);
    });

    test('another peer comes before the service', async () => {
        const slow = slowing(10_000), other = new Played('other', []), told = start([slow, other]);
        await pass(500);
        other.told([[0, COUNT]]);
        await pass(1000);
        assertDone(told);
        assert.deepEqual(told.service.asked, []);
    });

    test('who trickles does not set its own limit: no block is waited for longer than for the first', async () => {
        const slow = new Played('slow'), { want } = slow;
        slow.want = (index) => {
            slow.ms = slow.asked.length < 2 ? 4900 : 1_000_000;
            return want.call(slow, index);
        };
        const told = start([slow]);
        await pass(9800);
        assert.deepEqual([told.taken.size, slow.asked.length, told.service.asked.length], [COUNT - 2, 4, COUNT - 4]);
        await pass(200);
        assertDone(told);
        assert.equal(slow.asked.length, 4);
    });

    /** How long a load of 100 blocks takes, of which the service needs 50 ms for each. */
    async function timeOf(peers, meets = []) {
        const service = Object.assign(new Played('the service', []), { ms: 50 }), all = [[0, 100]], began = clock;
        const fetching = new Fetching({ count: 100, isRight: async () => true, take: () => {}, report: () => assert.fail('nobody lies') }, Array(100).keys(), service, { now: () => clock, own: 'me' });
        for (const [name, ms] of peers) fetching.add(Object.assign(new Played(name, all), { ms }));
        for (const name of meets) fetching.meet(name);
        let isDone = false;
        fetching.run(new AbortController().signal).then(() => (isDone = true));
        while (!isDone && clock - began < 300_000) await pass(50);
        return { took: clock - began, asked: service.asked.length };
    }

    test('a member that has all and answers each just in time does not set the pace: the service gives what it has, too', async () => {
        const alone = await timeOf([]);
        assert.ok(alone.took < 3000, `${alone.took}`);
        for (const meets of [[], ['a']]) {
            const { took } = await timeOf([['a', 4800]], meets);
            assert.ok(took <= 2 * alone.took + 5000 + (meets.length && 10_000), `${took} ms instead of ${alone.took}`);
        }
    });

    test('neither do several of them', async () => {
        const { took } = await timeOf([['a', 4800], ['b', 4800], ['c', 4800]]);
        assert.ok(took <= 11_000, `${took}`);
    });

    test('peers that are quick enough, alone or together, keep the service from being asked', async () => {
        assert.equal((await timeOf([['a', 390]])).asked, 0);
        assert.equal((await timeOf(Array.from({ length: 10 }, (_, i) => [`${i}`, 2000]))).asked, 0);
    });

    test('a peer that is hardly slower than the service gives what it has', async () => {
        const peer = Object.assign(new Played('a'), { ms: 900 }), service = Object.assign(new Played('the service', []), { ms: 600 });
        const told = start([peer], { service });
        await pass(9000);
        assertDone(told, [peer]);
        assert.equal(service.asked.length, 2, 'by which its pace is known');
    });

    test('what comes late after all, is taken if it is the first', async () => {
        const slow = slowing(700), service = new Played('the service', []);
        service.ms = 100_000;
        const told = start([slow], { service });
        await pass(1600);
        assert.ok(slow.asked.length > 7, 'it has answered, and is asked again');
        assert.ok(told.service.asked.length > 0);
        await pass(6000);
        assertDone(told);
    });

    for (const [what, ms] of [['is silent', Infinity], ['trickles', 1_000_000]]) test(`a peer that ${what} is asked for two blocks, and holds up nothing but these`, async () => {
        const mute = new Played('mute');
        mute.ms = ms;
        const told = start([mute]);
        await pass(4990);
        assert.deepEqual([told.service.asked, told.taken.size], [[], 0]);
        await pass(300);
        assertDone(told, [mute]);
        assert.deepEqual([mute.asked.length, told.reported], [2, []]);
    });

    test('a silent peer and a silent service wait for a peer that has it', async () => {
        const mute = new Played('mute'), service = new Played('the service', []);
        mute.ms = service.ms = Infinity;
        const told = start([mute], { service });
        await pass(20_000);
        assert.equal(told.state, 'running');
        told.fetching.add(new Played('good'));
        await pass(500);
        assertDone(told);
    });
});

describe('what bad peers get', () => {
    for (const [what, answer] of [
        ['wrong bytes', (index) => blockOf(index).fill(1)],
        ['a block that is too long', (index) => Uint8Array.of(...blockOf(index), 0)],
        ['another block', (index) => blockOf(index ^ 1)],
        ['nothing at all', () => new Uint8Array(0)],
    ]) test(`${what}: it is reported, and asked for nothing more`, async () => {
        const liar = new Played('liar', undefined, answer), good = new Played('good'), told = start([liar, good]);
        await pass(300);
        assertDone(told);
        assert.equal(liar.asked.length, 4, 'two, and two more before the first was checked');
        assert.deepEqual(told.reported.map(([name]) => name), ['liar']);
        assert.match(told.reported[0][1], /^it sent block \d+ otherwise than it is$/);
        assert.equal(liar.isClosed, true);
        assert.deepEqual(told.service.asked, []);
    });

    test('a liar whose blocks take long to be checked has four of them taken', async () => {
        const liar = new Played('liar', undefined, () => new Uint8Array(4)), checked = [];
        const fetching = new Fetching({ count: COUNT, isRight: () => new Promise((resolve) => checked.push(resolve)), take: () => {}, report: () => {} }, Array(COUNT).keys(), new Played('the service', []), { now: () => clock });
        fetching.add(liar);
        fetching.run(new AbortController().signal);
        await pass(1000);
        assert.deepEqual([liar.asked.length, checked.length], [4, 4]);
        checked[0](false);
        await pass(10);
        assert.equal(liar.isClosed, true);
        fetching.close();
    });

    for (const [runs, said] of [
        [[[0, 1e9]], 'it says that it has 1000000000 blocks from block 0 on; there are 16'],
        [[[1e9, 1]], 'it says that it has 1 blocks from block 1000000000 on; there are 16'],
        [[[0, 0]], /has 0 blocks/], [[[-1, 2]], /from block -1 on/], [[[0.5, 1]], /block 0\.5/], [[[NaN, 1]], /NaN/], [[[0, 2], [1, 1]], 'it says twice that it has block 1'],
    ]) test(`what is told as ${JSON.stringify(runs)} is no block of the file`, async () => {
        const liar = new Played('liar', []), told = start([liar]);
        liar.told(runs);
        await pass(200);
        assertDone(told);
        assert.deepEqual([told.reported.length, told.reported[0][0]], [1, 'liar']);
        if (said instanceof RegExp) assert.match(told.reported[0][1], said);
        else assert.equal(told.reported[0][1], said);
        assert.deepEqual([told.service.asked.length, liar.isClosed], [COUNT, true]);
    });

    test('a block that is not there any more is asked for elsewhere, and nobody is reported', async () => {
        const peer = new Played('a', undefined, (index) => {
            if (index % 2) throw new NotHere('gone');
            return blockOf(index);
        }), told = start([peer]);
        await pass(300);
        assertDone(told);
        assert.deepEqual(told.service.asked.sort((a, b) => a - b), [1, 3, 5, 7, 9, 11, 13, 15]);
        assert.deepEqual([told.reported, peer.asked.length], [[], COUNT]);
    });

    test('a peer that tells again of what it had no more is a liar', async () => {
        const peer = new Played('a', [[0, 1]], () => { throw new NotHere('gone'); }), told = start([peer]);
        await pass(30);
        peer.told([[0, 1]]);
        await pass(200);
        assertDone(told, [peer]);
        assert.deepEqual([told.reported, peer.asked], [[['a', 'it says twice that it has block 0']], [0]]);
    });

    test('a peer that leaves, or is cut for a lie, leaves its blocks to others', async () => {
        for (const [why, reported] of [[new Error('gone'), []], [new Lie('it sent block 3, which was not asked for'), [['a', 'it sent block 3, which was not asked for']]]]) {
            const peer = new Played('a'), told = start([peer]);
            await pass(30);
            peer.ms = Infinity;
            await pass(10);
            peer.over(why);
            await pass(200);
            assertDone(told, [peer]);
            assert.deepEqual(told.reported, reported);
        }
    });
});

describe('the end', () => {
    test('a service that fails ends it with its error', async () => {
        const peer = new Played('a', [[0, 4]]), told = start([peer], { service: new Played('the service', [], () => { throw new Error('it was answered 404'); }) });
        await pass(50);
        assert.deepEqual([told.state.message, peer.isClosed], ['it was answered 404', true]);
    });

    test('so does one whose blocks are not those of its list', async () => {
        const told = start([], { service: new Played('the service', [], () => new Uint8Array(4)) });
        await pass(50);
        assert.match(told.state.message, /^it sent block \d+ otherwise than it is$/);
        assert.deepEqual([told.reported, told.taken.size], [[], 0]);
    });

    test('a cancel ends it, and nothing more is asked or taken', async () => {
        const stop = new AbortController(), peer = new Played('a'), told = start([peer], { signal: stop.signal });
        await pass(20);
        stop.abort(new Error('cancelled'));
        const { asked: { length } } = peer, { size } = told.taken;
        await pass(200);
        assert.deepEqual([told.state.message, peer.asked.length, told.taken.size, peer.isClosed], ['cancelled', length, size, true]);
        assert.equal(start([], { signal: AbortSignal.abort(new Error('before')) }).service.asked.length, 0);
    });

    test('what cannot be taken ends it', async () => {
        const told = start([new Played('a')], { take: () => { throw new Error('no room'); } });
        await pass(50);
        assert.equal(told.state.message, 'no room');
    });
});

test('whatever peers do, all comes once and right, and only liars are reported', async () => {
    for (let seed = 1; seed <= 60; seed++) {
        let state = seed;
        const random = () => (state = (state * 48271) % 2147483647) / 2147483647;
        const peers = Array.from({ length: 8 }, (_, i) => {
            const kind = ['good', 'good', 'liar', 'mute', 'forgetful', 'leaver'][Math.floor(random() * 6)];
            const peer = new Played(`${kind} ${i}`, []);
            peer.ms = kind === 'mute' ? Infinity : 10 + Math.floor(random() * 400);
            peer.answer = (index) => {
                if (kind === 'liar' && random() < 0.3) return new Uint8Array(4);
                if (kind === 'forgetful' && random() < 0.5) throw new NotHere('gone');
                if (kind === 'leaver' && random() < 0.2) throw new Error('gone');
                return blockOf(index);
            };
            return peer;
        });
        const told = start(peers, { random });
        told.service.ms = 200;
        for (const peer of peers) {
            const runs = [];
            for (let at = Math.floor(random() * 3); at < COUNT; at += 1 + Math.floor(random() * 3)) runs.push([at, 1]);
            setTimeout(() => peer.told(runs), Math.floor(random() * 300));
        }
        for (let i = 0; i < 60 && told.state === 'running'; i++) await pass(500);
        assert.equal(told.state, 'done', `seed ${seed}`);
        assert.equal(told.taken.size, COUNT);
        for (const [name] of told.reported) assert.match(name, /^liar/, `seed ${seed}`);
        for (const peer of peers) assert.ok(peer.most <= 2);
    }
});
