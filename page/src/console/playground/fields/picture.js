/** A picture that a person gives, as the API takes it: PNG, JPEG or WebP. Others that the browser reads become a PNG. */
import { h } from '../../draw.js';
import { bytes, plain } from '../../format.js';
import { canvas, paintPicture } from '../answer/canvas.js';
import { FieldError } from '../request.js';
import { checkSize, mostBytes, pictureType } from '../files.js';
import { fileField } from './drop.js';
import { idOf } from './text.js';

/** @typedef {{name: string, file: File, bitmap: ImageBitmap}} Picture `file` as it is sent */

const NAME = 'image';
const ID = idOf(NAME);

/** @param {{redraw: () => void, say: (text: string, isError?: boolean) => void, maxBody?: number}} context */
export function pictureField({ redraw, say, maxBody }) {
    const most = mostBytes(maxBody);
    /** @type {Picture | null} */
    let picture = null;
    /** Those of pictures that were sent, too. @type {WeakMap<Blob, ImageBitmap>} */
    const bitmaps = new WeakMap();
    const take = async (/** @type {File} */ file) => {
        picture = null;
        checkSize(ID, file, most);
        picture = await readPicture(file, most);
        bitmaps.set(picture.file, picture.bitmap);
    };
    const field = fileField({ name: NAME, label: 'Picture', accept: 'image/*', paste: /^image\//, redraw, say, take });
    return {
        draw: () => field.draw(`A file of at most ${bytes(most)}: choose it, drop it here, or paste it.`,
            picture ? h('figure', { class: 'given', key: picture.name }, canvas(`The picture “${plain(picture.name)}”`, paintPicture, picture.bitmap),
                h('figcaption', null, `${plain(picture.name)}, ${picture.bitmap.width} × ${picture.bitmap.height} pixels`)) : null),
        /** @returns {Picture} */
        read() {
            if (!picture) throw new FieldError(ID, field.problem || (field.state === 'reading' ? 'The picture is still being read.' : 'A picture is needed: choose one, drop it, or paste it.'));
            return picture;
        },
        /** @param {import('../runs.js').Run} run @returns {ImageBitmap} the picture that was sent with it */
        sentWith: ({ files }) => /** @type {ImageBitmap} */ (bitmaps.get(/** @type {Blob} */ (files?.image))),
        stop: () => field.stop(),
    };
}

/** @param {File} file @param {number} most @returns {Promise<Picture>} */
async function readPicture(file, most) {
    let bitmap;
    try {
        bitmap = await createImageBitmap(file);
    } catch {
        throw new FieldError(ID, `“${plain(file.name)}” is no picture that this browser can read.`);
    }
    const type = pictureType(new Uint8Array(await file.slice(0, 12).arrayBuffer()));
    const sent = type ? file : new File([await asPng(bitmap)], `${file.name}.png`, { type: 'image/png' });
    checkSize(ID, sent, most);
    return { name: file.name, file: sent, bitmap };
}

/** @param {ImageBitmap} bitmap @returns {Promise<Blob>} */
function asPng(bitmap) {
    const made = new OffscreenCanvas(bitmap.width, bitmap.height);
    made.getContext('2d')?.drawImage(bitmap, 0, 0);
    return made.convertToBlob({ type: 'image/png' });
}
