// tier: quick
/** The names of pictures, by which models remember them. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { PictureCache } from '../../page/src/pipeline/picture_cache.js';

test('a picture has its own name, wherever it differs from others, and the same each time', () => {
    const seen = new PictureCache();
    const file = Uint8Array.from({ length: 1027 }, (_, i) => i * i % 251);
    const nameOf = (bytes) => {
        const name = seen._nameOf(bytes);
        assert.ok(Number.isSafeInteger(name) && name < 0, `${name}`);
        return name;
    };
    const names = [nameOf(file), nameOf(file.subarray(1)), nameOf(Uint8Array.of(...file, 0)), nameOf(new Uint8Array(0)), nameOf(new Uint8Array(1))];
    for (let bit = 0; bit < 8 * file.length; bit++) {
        file[bit >> 3] ^= 1 << (bit & 7);
        names.push(nameOf(file));
        // The same bit of the next word, which undoes it where words are taken in without mixing.
        if ((bit >> 3) + 4 < file.length) {
            file[(bit >> 3) + 4] ^= 1 << (bit & 7);
            names.push(nameOf(file));
            file[(bit >> 3) + 4] ^= 1 << (bit & 7);
        }
        file[bit >> 3] ^= 1 << (bit & 7);
    }
    assert.equal(new Set(names).size, names.length);
    assert.equal(nameOf(Uint8Array.of(7, ...file).subarray(1)), names[0], 'wherever it lies');
    assert.notEqual(new PictureCache()._nameOf(file), names[0], 'others do not know it');
});
