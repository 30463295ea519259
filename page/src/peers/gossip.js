/**
 * What the peers of a service tell each other, on two topics of their own: what a node can compute (`announcement`), and its load
 * (`heartbeat`). libp2p signs, passes on and scores messages; here is which of them are right. Pages and webinfer-peer use this
 * file. It uses no browser globals.
 */
import { gossipsub } from '@libp2p/gossipsub';
import { createTopicScoreParams } from '@libp2p/gossipsub/score';

/** @import { GossipSub } from '@libp2p/gossipsub' */
/** @import { Certificates } from './certificates.js' */
/** @import { Members } from './members.js' */
/** @typedef {'announcement' | 'heartbeat'} Type */
/** @typedef {{type: Type, from: string, timestamp: number, data: Record<string, any>}} Told */
/** `until`: of its ticket; `sent`: by its own clock; `room`: messages that it may send at once, at the time `at`.
 * @typedef {{until: number, sent: number, room: number, at: number}} Author */

/** @type {readonly Type[]} */
const TYPES = ['announcement', 'heartbeat'];
/** Bytes of a message. */
export const GOSSIP_MAX = 4096;
/** One of a peer's in this time … */
export const GOSSIP_MS = 5000;
/** … and so many that were held up on their way. */
const BURST = 3;
/** The latest authors that are remembered. */
const AUTHORS_MAX = 1024;
/** Bytes of what libp2p sends at once, and what it may consist of. */
const RPC_MAX = 64 << 10;
const LIMITS = { maxSubscriptions: 8, maxMessages: 32, maxControlMessages: 32, maxIhaveMessageIDs: 256, maxIwantMessageIDs: 256, maxIdontwantMessageIDs: 256, maxPeerInfos: 0 };
/** Bytes of names of topics that a peer may be in, with libp2p's kilobyte for each. */
const TOPICS_MAX = 16 << 10;
/** What a peer that is no member yet is worth: nothing is sent to it, and of what it sends, only its subscriptions count. */
const STRANGER = -60;
/** Ten wrong messages within seconds are worth this. Then a peer is sent away. */
const SCORE_MIN = -100;
const SWEEP_MS = 2000;
/** So long is remembered how who has gone has done: a sweep sees it, and who comes again at once. */
const RETAIN_MS = 5 * SWEEP_MS;
/** Fifteen of them: of a peer that is worth less, libp2p reads nothing until the next sweep sends it away. */
const UNREAD = -200;
/** Everybody within reach gets all at once, since there is little of it. */
const MESH = { D: 128, Dlo: 128, Dhi: 1024, Dout: 2 };
/** How long who was refused waits: it may be a member in a moment. */
const AGAIN_MS = 2000;

/** @param {string} net the service's key @param {Type} type */
export const topicOf = (net, type) => `/webinfer/${net}/${type}`;

export class Gossip {
    /** @param {Certificates} certificates @param {Members} members @param {() => number} now in ms, as theirs
     * @param {(told: Told) => void} [hear] is told each message that is right, of others */
    constructor(certificates, members, now, hear = () => {}) {
        this._certificates = certificates;
        this._members = members;
        this._now = now;
        this._hear = hear;
        this._net = '';
        /** @type {Map<string, Author>} */
        this._authors = new Map();
        /** @type {any} */
        this._pubsub = null;
    }

    /** For libp2p. */
    service() {
        const make = gossipsub({
            ...MESH, fallbackToFloodsub: false, pruneBackoff: AGAIN_MS, unsubcribeBackoff: AGAIN_MS, graftFloodThreshold: 0,
            maxInboundDataLength: RPC_MAX, decodeRpcLimits: LIMITS, maxTopicBytesPerPeer: TOPICS_MAX,
            // What is on another topic is left before its signature is looked at. Who is in which topic is known before this one joins.
            fastMsgIdFn: ({ topic }) => this.passes(topic),
            scoreThresholds: { graylistThreshold: UNREAD },
            // Peers of one house have one address, and a slow one may miss what it has promised.
            scoreParams: {
                IPColocationFactorWeight: 0, behaviourPenaltyThreshold: 6, retainScore: RETAIN_MS,
                appSpecificWeight: 1, appSpecificScore: (peer) => (this._members.has(peer) ? 0 : STRANGER),
            },
        });
        return (/** @type {any} */ components) => (this._pubsub = keeping(make(components)));
    }

    /** @param {string} topic @returns {any} nothing, as libp2p wants it here @throws {Error} it is another one */
    passes(topic) {
        if (!this._net || !TYPES.some((type) => topicOf(this._net, type) === topic)) throw new Error('it is on another topic');
    }

    /** The service's network is this one from now on: that of its key. */
    join() {
        const { key } = this._certificates, pubsub = this._pubsub;
        if (key === this._net || !key) return;
        this.leave();
        this._net = key;
        for (const type of TYPES) {
            const topic = topicOf(key, type);
            pubsub.score.params.topics[topic] = SCORED;
            pubsub.topicValidators.set(topic, (/** @type {any} */ source, /** @type {any} */ message) => this.judge(type, String(source), message));
            pubsub.subscribe(topic);
        }
    }

    leave() {
        const pubsub = this._pubsub;
        for (const topic of this._net ? TYPES.map((type) => topicOf(this._net, type)) : []) {
            pubsub.unsubscribe(topic);
            pubsub.topicValidators.delete(topic);
            delete pubsub.score.params.topics[topic];
            for (const { topics } of pubsub.score.peerStats.values()) delete topics[topic]; // libp2p wants the parameters of each when a peer goes
        }
        this._net = '';
        this._authors.clear();
    }

    /** Sends away who has sent too much that is wrong, unless it is the operator's; once in a while. Of a flood, libp2p may have ended the
     * stream, so that its sender is none of the present peers of the gossip. @returns {() => void} ends that */
    sweep() {
        const timer = setInterval(() => {
            for (const peer of [...this._pubsub.score.peerStats.keys()])
                if (this._pubsub.getScore(peer) <= SCORE_MIN && !this._certificates.isCertified(peer)) this._members.expel(peer);
        }, SWEEP_MS);
        return () => clearInterval(timer);
    }

    /** @param {Type} type @param {string} from ourselves @param {Record<string, any>} data @returns {boolean} whether it fits */
    tell(type, from, data) {
        const message = new TextEncoder().encode(JSON.stringify({ type, from, timestamp: Date.now(), data }));
        if (!this._net || message.length > GOSSIP_MAX) return false;
        this._pubsub.publish(topicOf(this._net, type), message).catch(() => {}); // there is nobody
        return true;
    }

    /** What becomes of a message, whose signature is right. `ignore` costs nothing: a peer that passes it on cannot know. What comes from
     * its author itself counts, whatever it is.
     * @param {Type} type @param {string} source who has sent it here @param {{from?: unknown, data: Uint8Array}} message
     * @returns {Promise<'accept' | 'ignore' | 'reject'>} */
    async judge(type, source, message) {
        if (!this._members.has(source) || this._net !== this._certificates.key) return 'ignore';
        const told = read(message.data), from = String(message.from);
        if (told?.type !== type || told.from !== from) return 'reject';
        if (type === 'announcement' && !await this._isMember(told)) return 'reject';
        const isOwn = source === from, author = this._authors.get(from) ?? (isOwn ? this._remember(from, -Infinity) : null);
        if (!author) return 'ignore'; // it has not announced itself here yet
        const isLeft = author.until <= this._now() || told.timestamp <= author.sent;
        if (isLeft && !isOwn) return 'ignore'; // it is an old one
        if (!this._takes(author)) return isOwn ? 'reject' : 'ignore'; // they may have come here closer together
        if (isLeft) return 'ignore';
        author.sent = told.timestamp;
        this._hear(told);
        return 'accept';
    }

    /** Announcements have the ticket of their author, by which all others know it. @param {Told} told */
    async _isMember({ from, data }) {
        if (!await this._certificates.isTicket(data.ticket, from)) return false;
        this._remember(from, this._certificates.end(data.ticket));
        return true;
    }

    /** @param {string} from @param {number} until of its ticket @returns {Author} */
    _remember(from, until) {
        const author = { ...(this._authors.get(from) ?? { sent: -Infinity, room: BURST, at: this._now() }), until };
        this._authors.delete(from);
        this._authors.set(from, author);
        if (this._authors.size > AUTHORS_MAX) this._authors.delete(/** @type {string} */ (this._authors.keys().next().value));
        return author;
    }

    /** @param {Author} author */
    _takes(author) {
        const now = this._now();
        author.room = Math.min(BURST, author.room + (now - author.at) / GOSSIP_MS);
        author.at = now;
        if (author.room < 1) return false;
        author.room--;
        return true;
    }
}

/** Who comes again while its score is remembered goes on with that. libp2p would begin a new one with each stream: who opens another one in
 * time would never be sent away. @param {any} pubsub */
function keeping(pubsub) {
    const { score } = pubsub, { addPeer } = score;
    score.addPeer = (/** @type {string} */ peer) => {
        const before = score.peerStats.get(peer);
        if (before) before.connected = true;
        else addPeer.call(score, peer);
    };
    return pubsub;
}

/** Wrong messages alone count, and fade within half a minute. */
const SCORED = createTopicScoreParams({
    topicWeight: 1, timeInMeshWeight: 0, firstMessageDeliveriesWeight: 0, meshMessageDeliveriesWeight: 0, meshFailurePenaltyWeight: 0,
    invalidMessageDeliveriesWeight: -1, invalidMessageDeliveriesDecay: 0.9,
});

/** @param {Uint8Array} bytes @returns {Told | null} */
function read(bytes) {
    if (bytes.length > GOSSIP_MAX) return null;
    try {
        const told = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes));
        return typeof told?.data === 'object' && told.data && Number.isSafeInteger(told.timestamp) ? told : null;
    } catch {
        return null;
    }
}
