/**
 * Reads how a JPEG file is made (ITU-T T.81, annex B), so that a cut one is refused as Pillow does it, and leaves to
 * the browser's codec a file of nothing but the picture: neither a colour profile nor an orientation.
 */
import { joined } from '../../shared/joined.js';
import { Broken } from './broken.js';
import { codec } from './codec.js';
import { isExif, orientationOf } from './orientation.js';

const [SOI, EOI, SOS, APP0, APP1, APP14, APP15, COM] = [0xd8, 0xd9, 0xda, 0xe0, 0xe1, 0xee, 0xef, 0xfe];
/** Markers without a length: TEM, RST0 to RST7, SOI. @param {number} marker */
const standsAlone = (marker) => marker === 1 || marker >= 0xd0 && marker <= SOI;
/** SOF0 to SOF15, but for DHT, JPG and DAC. @param {number} marker */
const isFrame = (marker) => marker >= 0xc0 && marker <= 0xcf && ![0xc4, 0xc8, 0xcc].includes(marker);
/** SOF2, SOF6, SOF10 and SOF14. @param {number} marker of a frame */
const isProgressive = (marker) => (marker & 3) === 2;
/** Whether a segment can be left out. Segments that say how colours are coded must be kept. @param {number} marker */
const isAside = (marker) => marker === COM || marker > APP0 && marker <= APP15 && marker !== APP14;

/** @param {Uint8Array} bytes */
export const isJpeg = (bytes) => bytes[0] === 0xff && bytes[1] === SOI && bytes[2] === 0xff;

/** @param {Uint8Array} bytes of a JPEG file @returns {import('./decode.js').Described} @throws {Broken} */
export function describeJpeg(bytes) {
    /** @type {Uint8Array[]} */
    const kept = [bytes.subarray(0, 2)];
    let frame, exif, isDone = false;
    for (let at = 2; !isDone;) {
        const { marker, from, end } = segmentAt(bytes, at);
        if (marker === EOI) break;
        if (isFrame(marker)) frame ??= frameOf(marker, bytes.subarray(from + 4, end));
        if (marker === SOS && !frame) throw new Broken('the file has no header of a frame');
        // After the only scan any marker is accepted, as in Pillow.
        isDone = marker === SOS && bytes[from + 4] === frame?.inOneScan;
        if (marker === APP1 && !exif && isExif(bytes.subarray(from + 4, end))) exif = bytes.subarray(from + 4, end);
        const next = marker === SOS ? endOfScan(bytes, end) : end;
        if (!isAside(marker)) kept.push(bytes.subarray(from, next));
        at = next;
    }
    if (!frame) throw new Broken('the file ends before its pixels');
    kept.push(Uint8Array.of(0xff, EOI));
    const { width, height } = frame;
    return { width, height, orientation: orientationOf(exif), pixels: () => codec(joined(Uint8Array, kept), 'image/jpeg', { width, height }) };
}

/** The next marker, and the end of its segment. Bytes that are not a marker are skipped, as in libjpeg.
 * @param {Uint8Array} bytes @param {number} at @throws {Broken} */
function segmentAt(bytes, at) {
    let from = at;
    while (from + 1 < bytes.length && !(bytes[from] === 0xff && bytes[from + 1] !== 0xff && bytes[from + 1] !== 0)) from++;
    if (from + 1 >= bytes.length) throw new Broken('the file is cut: it has no end');
    const marker = bytes[from + 1];
    if (marker === EOI || standsAlone(marker)) return { marker, from, end: from + 2 };
    const length = bytes[from + 2] << 8 | bytes[from + 3];
    const end = from + 2 + Math.max(2, length); // libjpeg takes less for 2, where it does not look at what is in it
    if (!(end <= bytes.length)) throw new Broken('the file is cut within a segment');
    return { marker, from, end };
}

/** `inOneScan` is how many components the only scan has, if there can be but one.
 * @param {number} marker @param {Uint8Array} data of a frame's header @throws {Broken} */
function frameOf(marker, data) {
    if (data.length < 6) throw new Broken('the header of the frame is too short');
    const [height, width] = [data[1] << 8 | data[2], data[3] << 8 | data[4]];
    if (data[0] !== 8) throw new Broken(`the file has ${data[0]} bits for each sample, not 8`);
    if (width === 0 || height === 0) throw new Broken('the picture has no pixels');
    return { width, height, inOneScan: isProgressive(marker) ? undefined : data[5] };
}

/** Coded data go to the next marker that is no restart. @param {Uint8Array} bytes @param {number} from */
function endOfScan(bytes, from) {
    for (let at = bytes.indexOf(0xff, from); at >= 0 && at + 1 < bytes.length; at = bytes.indexOf(0xff, at + 1)) {
        const next = bytes[at + 1];
        if (next !== 0 && next !== 0xff && !(next >= 0xd0 && next <= 0xd7)) return at;
    }
    throw new Broken('the file is cut: it has no end');
}
