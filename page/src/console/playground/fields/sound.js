/** A sound that a person gives: a file as it is, or what the microphone heard, as a WAV file. */
import { sentenceOf } from '../../api.js';
import { h } from '../../draw.js';
import { bytes, plain } from '../../format.js';
import { button } from '../../parts.js';
import { writeWav } from '../../../shared/wav.js';
import { checkSize, mostBytes, soundType } from '../files.js';
import { Recording } from '../microphone.js';
import { FieldError } from '../request.js';
import { fileField } from './drop.js';
import { idOf } from './text.js';

/** @typedef {{name: string, file: Blob, url: string, seconds: number}} Sound `url` for the page's own player */

const NAME = 'audio';
const ID = idOf(NAME);

/** @param {{redraw: () => void, say: (text: string, isError?: boolean) => void, maxBody?: number}} context */
export function soundField({ redraw, say, maxBody }) {
    const most = mostBytes(maxBody);
    /** @type {Sound | null} */
    let sound = null;
    const forget = () => {
        if (sound) URL.revokeObjectURL(sound.url);
        sound = null;
    };
    const take = async (/** @type {File} */ file) => {
        forget();
        checkSize(ID, file, most);
        sound = await readSound(file);
    };
    const field = fileField({ name: NAME, label: 'Sound', accept: 'audio/*', redraw, say, take });
    const recorder = recorderOf({ redraw, say, give: field.give });
    return {
        draw: () => field.draw(`A file of at most ${bytes(most)}: choose it, drop it here, or speak.`, recorder.draw(),
            sound ? h('figure', { class: 'given', key: sound.url }, h('audio', { controls: true, src: sound.url, 'aria-label': `The sound “${plain(sound.name)}”` }),
                h('figcaption', null, `${plain(sound.name)}, ${sound.seconds.toFixed(1)} s`)) : null),
        /** @returns {Sound} */
        read() {
            if (recorder.isOn) throw new FieldError(ID, 'The microphone is still recording: stop it first.');
            if (!sound) throw new FieldError(ID, field.problem || (field.state === 'reading' ? 'The sound is still being read.' : 'A sound is needed: choose a file, drop it, or speak.'));
            return sound;
        },
        stop() {
            field.stop();
            recorder.stop();
            forget();
        },
    };
}

/** The browser's player says whether it is one, without holding all of it. @param {File} file @returns {Promise<Sound>} */
async function readSound(file) {
    const type = soundType(new Uint8Array(await file.slice(0, 12).arrayBuffer()));
    const url = URL.createObjectURL(type ? file.slice(0, file.size, type) : file);
    try {
        return { name: file.name, file, url, seconds: await secondsOf(url) };
    } catch {
        URL.revokeObjectURL(url);
        throw new FieldError(ID, `“${plain(file.name)}” is no sound that this browser can read.`);
    }
}

/** @param {string} url @returns {Promise<number>} how long it lasts */
function secondsOf(url) {
    return new Promise((resolve, reject) => {
        const player = new Audio();
        player.preload = 'metadata';
        player.addEventListener('loadedmetadata', () => resolve(player.duration));
        player.addEventListener('error', () => reject(player.error));
        player.src = url;
    });
}

/** @param {{redraw: () => void, say: (text: string, isError?: boolean) => void, give: (file: File) => Promise<void>}} to */
function recorderOf({ redraw, say, give }) {
    /** @type {Recording | null} */
    let microphone = null;
    let seconds = 0, level = 0, problem = '', isStarting = false, isOver = false;
    const fail = (/** @type {unknown} */ error) => {
        problem = sentenceOf(error);
        say(problem, true);
    };
    const start = async () => {
        const made = new Recording((heard, loud) => {
            [seconds, level] = [heard, loud];
            redraw();
        }, () => void stop());
        [problem, seconds, level, isStarting] = ['', 0, 0, true];
        redraw();
        try {
            await made.start();
            if (isOver) made.close();
            else microphone = made;
        } catch (error) {
            fail(error);
        }
        isStarting = false;
        redraw();
    };
    const stop = async () => {
        const heard = microphone;
        microphone = null;
        if (!heard) return;
        redraw();
        try {
            const { samples, rate } = await heard.stop();
            if (samples.length === 0) throw new Error('The microphone gave no sound.');
            await give(new File([writeWav(samples, rate)], 'spoken.wav', { type: 'audio/wav' }));
        } catch (error) {
            fail(error);
        }
        redraw();
    };
    return {
        get isOn() { return microphone !== null; },
        draw: () => h('div', { class: 'verbs', key: 'microphone', 'data-microphone': microphone ? 'on' : isStarting ? 'starting' : problem ? 'failed' : 'off' },
            microphone ? button('Stop the microphone', stop) : button('Use the microphone', start, { disabled: isStarting }),
            microphone ? [h('span', null, `${seconds.toFixed(1)} s recorded.`), h('progress', { max: 1, value: level, 'aria-label': 'Volume' })] : null,
            isStarting ? h('span', { class: 'note' }, 'The browser is asked for the microphone.') : null,
            problem ? h('span', { class: 'problem' }, problem) : null),
        stop() {
            isOver = true;
            microphone?.close();
            microphone = null;
        },
    };
}
