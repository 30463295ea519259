// Which typefaces train the model, which choose its settings, and which only test it. A family is in
// one group with all its weights, so that the test's shapes were never seen in any form.

import fs from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';
import opentype from 'opentype.js';

const files = {
    train: {
        roboto: ['300-normal', '400-normal', '700-normal', '400-italic', '900-italic'],
        'open-sans': ['300-normal', '400-normal', '700-normal', '400-italic'],
        lato: ['300-normal', '400-normal', '900-normal', '400-italic'],
        montserrat: ['200-normal', '400-normal', '800-normal', '500-italic'],
        'noto-serif': ['400-normal', '700-normal', '400-italic', '800-italic'],
        merriweather: ['400-normal', '700-normal', '300-italic'],
        'roboto-mono': ['400-normal', '700-normal', '400-italic'],
        'roboto-slab': ['300-normal', '500-normal', '700-normal'],
        ubuntu: ['400-normal', '700-normal', '400-italic'],
        oswald: ['300-normal', '400-normal', '600-normal'],
        'pt-serif': ['400-normal', '700-normal', '400-italic', '700-italic'],
        'crimson-text': ['400-normal', '700-normal', '400-italic', '700-italic'],
        inconsolata: ['300-normal', '400-normal', '700-normal'],
        'comic-neue': ['400-normal', '700-normal', '400-italic'],
        caveat: ['400-normal', '700-normal'],
        nunito: ['300-normal', '400-normal', '800-normal', '400-italic'],
    },
    validation: {
        inter: ['400-normal', '700-normal'],
        lora: ['400-normal', '700-normal', '400-italic'],
        'fira-mono': ['400-normal', '700-normal'],
    },
    test: {
        'fira-sans': ['400-normal', '700-normal', '400-italic'],
        'libre-baskerville': ['400-normal', '700-normal', '400-italic'],
        'ibm-plex-mono': ['400-normal', '700-normal', '400-italic'],
        poppins: ['400-normal', '700-normal', '400-italic'],
        'patrick-hand': ['400-normal'],
        bitter: ['400-normal', '700-normal', '400-italic'],
    },
};

/**
 * @typedef {{ name: string, digits: { commands: any[], box: any }[] }} Face
 * The outlines of "0" … "9" of one font file, in font units, y upwards.
 */

/** @param {string} family @param {string} cut @returns {Face} */
function loadFace(family, cut) {
    const resolve = createRequire(import.meta.url).resolve;
    const folder = path.dirname(resolve(`@fontsource/${family}/package.json`));
    const bytes = fs.readFileSync(path.join(folder, 'files', `${family}-latin-${cut}.woff`));
    const font = opentype.parse(bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.length));
    const digits = [...'0123456789'].map((digit) => {
        const outline = font.charToGlyph(digit).path;
        if (outline.commands.length === 0)
            throw new Error(`${family} ${cut} has no outline for ${digit}`);
        return { commands: outline.commands, box: outline.getBoundingBox() };
    });
    return { name: `${family} ${cut}`, digits };
}

/** @param {'train' | 'validation' | 'test'} group @returns {Face[]} */
export function loadFaces(group) {
    return Object.entries(files[group]).flatMap(([family, cuts]) =>
        cuts.map((cut) => loadFace(family, cut)),
    );
}

/** @param {'train' | 'validation' | 'test'} group */
export function familyNames(group) {
    return Object.keys(files[group]);
}
