/**
 * What has happened on a lent page: the last entries, for its person. It is made from the states that the document gets, which
 * have no token, no input and no answer in them; messages of engines and of the service, which may have, are left out. Pure.
 */
import { many } from '../shared/count.js';

/** @import { StateMessage } from '../shared/messages.js' */
/** @import { Ruling } from './power.js' */
/** @typedef {'info' | 'warn' | 'error'} Level */
/** @typedef {{at: string, level: Level, message: string}} Entry */

/** So many entries are kept. */
export const MOST = 1000;
/** The levels, the least important first. @type {readonly Level[]} */
export const LEVELS = ['info', 'warn', 'error'];
/** Characters of a name that others have chosen. */
const NAME_MOST = 100;

export class Log {
    constructor() {
        /** The oldest first. @type {Entry[]} */
        this._entries = [];
        /** How many there have been. */
        this.count = 0;
    }

    /** @param {Level} level @param {string} message @param {Date} at */
    add(level, message, at) {
        this.count++;
        this._entries.push({ at: at.toISOString(), level, message });
        if (this._entries.length > MOST) this._entries.shift();
    }

    /** Those of at least that level that contain the text, in any case of letters, the newest first. @param {Level} level @param {string} text */
    filtered(level, text) {
        const least = LEVELS.indexOf(level), wanted = text.trim().toLowerCase();
        return this._entries.filter((entry) => LEVELS.indexOf(entry.level) >= least && entry.message.toLowerCase().includes(wanted)).reverse();
    }

    /** All of them as JSON lines, the oldest first. */
    lines() {
        return this._entries.map((entry) => `${JSON.stringify(entry)}\n`).join('');
    }
}

/** @type {Record<string, [Level, string]>} */
const STATES = {
    probing: ['info', 'The page finds out what this browser can compute with.'], connecting: ['info', 'The page connects to the service.'],
    connected: ['info', 'The page is connected.'], reconnecting: ['warn', 'The connection dropped.'],
    stopped: ['warn', 'The page no longer computes for the service.'], refused: ['error', 'The service refused this page.'],
};

/** Notes what is different from one state to the next. */
export class Noter {
    /** @param {Log} log @param {() => Date} now */
    constructor(log, now) {
        this._log = log;
        this._now = now;
        /** @type {Partial<StateMessage>} */
        this._last = {};
        this._ruled = '';
    }

    /** @param {Level} level @param {string} message */
    note(level, message) {
        this._log.add(level, message, this._now());
    }

    /** @param {StateMessage} message */
    state(message) {
        const { state, node, answered, failed, replaced } = message, last = this._last;
        if (state !== last.state && STATES[state]) this.note(...STATES[state]);
        if (node && node !== last.node) this.note('info', `The service calls this page ${nameOf(node)}.`);
        if (message.paused !== (last.paused ?? false)) this.note('info', message.paused ? 'The page is paused.' : 'The page takes work again.');
        const [more, wrong, anew] = [answered - (last.answered ?? 0), failed - (last.failed ?? 0), replaced - (last.replaced ?? 0)];
        if (more > 0) this.note('info', `${many(more, 'task was', 'tasks were')} done.`);
        if (wrong > 0) this.note('warn', `${many(wrong, 'task has', 'tasks have')} failed.`);
        if (anew > 0) this.note('warn', `${many(anew, 'engine worker was', 'engine workers were')} replaced.`);
        this._platforms(message);
        this._models(message);
        this._last = message;
    }

    /** @param {Ruling} ruling */
    ruling({ paused, slow }) {
        const says = paused ? `The page rests, because ${paused}.` : slow.length > 0 ? `The page is slow, because ${slow.join(', and ')}.` : 'No rule applies any more.';
        if (this._ruled || paused || slow.length > 0) this.note('info', says);
        this._ruled = says;
    }

    /** @param {StateMessage} message */
    _platforms({ platforms }) {
        for (const [name, { available }] of Object.entries(platforms)) {
            const before = this._last.platforms?.[name]?.available ?? false;
            if (available !== before) this.note(available ? 'info' : 'warn', `${nameOf(name)} is ${available ? 'available' : 'no longer available'}.`);
        }
    }

    /** @param {StateMessage} message */
    _models({ models }) {
        const before = new Map((this._last.models ?? []).map((one) => [`${one.platform} ${one.name}@${one.hash}`, one.state]));
        for (const { platform, name, hash, state } of models) {
            const was = before.get(`${platform} ${name}@${hash}`);
            before.delete(`${platform} ${name}@${hash}`);
            if (state === was) continue;
            if (state === 'failed') this.note('error', `${nameOf(name)} could not be loaded on ${nameOf(platform)}.`);
            else this.note('info', `${nameOf(name)} is ${state} on ${nameOf(platform)}.`);
        }
        for (const [key, state] of before) if (state === 'loaded') this.note('info', `${nameOf(key.slice(key.indexOf(' ') + 1).replace(/@[^@]*$/, ''))} is unloaded.`);
    }
}

/** @param {string} name */
const nameOf = (name) => name.slice(0, NAME_MOST);
