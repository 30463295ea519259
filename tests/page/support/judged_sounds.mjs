/** Sound files that are whole, of unknown length, or cut, and what is to become of each in every browser. */
import fs from 'node:fs';
import path from 'node:path';
import { writeWav } from '../../../page/src/shared/wav.js';
import { root } from '../../lib/paths.mjs';

const read = (name) => fs.readFileSync(path.join(root, 'tests/sounds', name));
const [flac, opus, mp3, m4a, webm] = ['tone.flac', 'tone.opus', 'tone.mp3', 'tone.m4a', 'tone.webm'].map(read);
/** A second of 440 Hz, as the others. */
const wav = Buffer.from(writeWav(Float32Array.from({ length: 16000 }, (_, i) => Math.sin(2 * Math.PI * 440 * i / 16000) / 2), 16000));
const changed = (file, change) => {
    const copy = Buffer.from(file);
    change(copy);
    return copy;
};
const half = (file) => file.subarray(0, file.length >> 1);
const ended = (file) => file.subarray(0, -1);
const ofSize = (size, file = wav) => changed(file, (copy) => copy.writeUInt32LE(size, 40));
const tag = Buffer.concat([Buffer.from('ID3\x04\0\0\0\0\0\x14', 'latin1'), Buffer.alloc(20)]);

/** In bits of 12, which lie in the upper ones of 16. */
const ofTwelve = changed(wav, (copy) => {
    copy.writeUInt16LE(12, 34);
    for (let at = 44; at < copy.length; at += 2) copy[at] &= 0xf0;
});
/** Of G.711, whose samples are bytes: a square wave. */
const ofLaw = (code) => changed(wav.subarray(0, 44 + 16000), (copy) => {
    copy.writeUInt16LE(code, 20);
    copy.writeUInt32LE(16000, 28);
    copy.writeUInt16LE(1, 32);
    copy.writeUInt16LE(8, 34);
    copy.writeUInt32LE(16000, 40);
    for (let i = 0; i < 16000; i++) copy[44 + i] = Math.sin(2 * Math.PI * 440 * i / 16000) < 0 ? 0x1a : 0x9a;
});
const bigEndian = changed(wav, (copy) => {
    copy.write('RIFX');
    for (const [at, size] of [[4, 4], [16, 4], [20, 2], [22, 2], [24, 4], [28, 4], [32, 2], [34, 2], [40, 4]]) copy.subarray(at, at + size).reverse();
    copy.subarray(44).swap16();
});
/** Its size of 64 bits in a chunk before. */
const long = (size) => {
    const ds64 = Buffer.alloc(36);
    ds64.write('ds64');
    ds64.writeUInt32LE(28, 4);
    ds64.writeBigUInt64LE(BigInt(size), 16);
    return Buffer.concat([Buffer.from('RF64\xff\xff\xff\xffWAVE', 'latin1'), ds64, ofSize(0xffffffff).subarray(12)]);
};
const uncounted = changed(flac, (copy) => {
    copy[21] &= 0xf0;
    copy.fill(0, 22, 26);
});
const unsized = changed(webm, (copy) => copy.fill(0xff, copy.indexOf('18538067', 0, 'hex') + 5, copy.indexOf('18538067', 0, 'hex') + 12));
/** The last frame's beginning. */
const lastFrame = flac.lastIndexOf(flac.subarray(flac.indexOf('fff8', 0, 'hex'), flac.indexOf('fff8', 0, 'hex') + 2));

/** `seconds` that are heard, or what is said of a file that is refused; `codec`: not every browser has it.
 * @type {{name: string, bytes: Uint8Array, seconds?: number, refused?: RegExp, code?: string, codec?: string}[]} */
export const JUDGED = [
    ...[0, 0x7ffff000, 0x7fffffff, 0x80000000, 0xffffffff].map((size) =>
        ({ name: `a WAV file of the size 0x${size.toString(16)}`, bytes: ofSize(size), seconds: 1 })),
    { name: 'a WAV file that is cut', bytes: half(wav), refused: /WAV file is cut short: 32000 bytes .* 15978 there/ },
    { name: 'a WAV file without its last byte', bytes: ended(wav), refused: /WAV file is cut short/ },
    { name: 'a WAV file of the size 0x7fffeffe', bytes: ofSize(0x7fffeffe), refused: /the sound is 67109 s long/, code: 'audio_too_large' },
    { name: 'a WAV file without samples', bytes: ofSize(0).subarray(0, 44), refused: /no samples/ },
    { name: 'a WAV file of 12 bits', bytes: ofTwelve, seconds: 1 },
    { name: 'a WAV file in A-law', bytes: ofLaw(6), seconds: 1 }, { name: 'a WAV file in µ-law', bytes: ofLaw(7), seconds: 1 },
    { name: 'a WAV file in ADPCM', bytes: ofLaw(17), refused: /samples of 8 bits in the format 17.*A-law/ },
    { name: 'a WAV file, RIFX', bytes: bigEndian, seconds: 1 }, { name: 'a WAV file, RIFX, that is cut', bytes: half(bigEndian), refused: /cut short/ },
    { name: 'a WAV file, RF64', bytes: long(32000), seconds: 1 }, { name: 'a WAV file, RF64, of no size', bytes: long(0), seconds: 1 },
    { name: 'a WAV file, RF64, that is cut', bytes: long(32002), refused: /cut short: 32002 bytes/ },
    { name: 'a WAV file behind an ID3 tag', bytes: Buffer.concat([tag, wav]), seconds: 1 },
    { name: 'a FLAC file', bytes: flac, seconds: 1 }, { name: 'a FLAC file behind an ID3 tag', bytes: Buffer.concat([tag, flac]), seconds: 1 },
    { name: 'a FLAC file with a tag behind', bytes: Buffer.concat([flac, Buffer.from('TAG'), Buffer.alloc(125, 32)]), seconds: 1 },
    { name: 'a FLAC file with zeros behind', bytes: Buffer.concat([flac, Buffer.alloc(100)]), seconds: 1 },
    { name: 'a FLAC file that is cut', bytes: half(flac), refused: /flac file is cut short: 22050 samples are announced, and \d+ there/ },
    { name: 'a FLAC file without its last byte', bytes: ended(flac), refused: /last frame is not whole/ },
    { name: 'a FLAC file without its last frame', bytes: flac.subarray(0, lastFrame), refused: /22050 samples are announced/ },
    { name: 'a FLAC file that is cut in its header', bytes: flac.subarray(0, 30), refused: /cut short: it ends in its header/ },
    { name: 'a FLAC file of unknown length', bytes: uncounted, seconds: 1 },
    { name: 'a FLAC file of unknown length that is cut', bytes: half(uncounted), refused: /last frame is not whole/ },
    { name: 'an Ogg without an end', bytes: opus.subarray(0, opus.lastIndexOf('OggS')), seconds: 1 },
    { name: 'an MP3 that is cut', bytes: half(mp3), seconds: 0.5 },
    { name: 'an MP3 behind an ID3 tag', bytes: Buffer.concat([tag, mp3]), seconds: 1 },
    { name: 'an MP4', bytes: m4a, seconds: 1, codec: 'AAC' }, { name: 'an MP4 that is cut', bytes: half(m4a), refused: /m4a file is cut short: its box "mdat"/ },
    { name: 'an MP4 without its last byte', bytes: ended(m4a), refused: /m4a file is cut short: its box "moov"/ },
    { name: 'an MP4 with the beginning of a box behind', bytes: Buffer.concat([m4a, Buffer.alloc(5)]), refused: /its last box has 5 bytes/ },
    { name: 'an MP4 without its last box', bytes: m4a.subarray(0, m4a.indexOf('moov') - 4), refused: /its box "moov" is missing/ },
    { name: 'a WebM file', bytes: webm, seconds: 1 }, { name: 'a WebM file of no size', bytes: unsized, seconds: 1 },
    { name: 'a WebM file that is cut', bytes: half(webm), refused: /webm file is cut short: its segment has \d+ bytes/ },
].map(({ bytes, ...more }) => ({ ...more, bytes: new Uint8Array(bytes) }));
