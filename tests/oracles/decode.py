"""
/usr/bin/python3 tests/oracles/decode.py: makes tests/oracles/decode.json anew. What Pillow makes of picture files: the
pixels of ImageOps.exif_transpose(Image.open(file)).convert('RGB') in base64, or that it refuses the file. `exact` files
are to give the same bytes, others within 2 of 255. The pictures are made here, from a generator with a fixed seed.
"""
import base64
import io
import json
import os
import random
import struct
import sys
import zlib

import PIL
from PIL import Image, ImageCms, ImageOps, features

WIDTH, HEIGHT = 13, 9
SIGNATURE = b'\x89PNG\r\n\x1a\n'
SAMPLES = {0: 1, 2: 3, 3: 1, 4: 2, 6: 4}
PASSES = [(0, 0, 8, 8), (4, 0, 8, 8), (0, 4, 4, 8), (2, 0, 4, 4), (0, 2, 2, 4), (1, 0, 2, 2), (0, 1, 1, 2)]
BILINEAR = Image.Resampling.BILINEAR
draw = random.Random(51)


# --- what Pillow says ---------------------------------------------------------------------------------

def oracle(data):
    """The picture, or None where Pillow refuses it."""
    try:
        with Image.open(io.BytesIO(data)) as image:
            image.load()
            try:
                image = ImageOps.exif_transpose(image)
            except Exception:  # EXIF data that cannot be read turn nothing
                pass
            return image.convert('RGB')
    except Exception:
        return None


def case(name, data, exact=True, **more):
    image = oracle(data)
    entry = {'name': name, 'file': base64.b64encode(data).decode(), **more}
    if image is None:
        return {**entry, 'refused': True}
    return {**entry, 'width': image.width, 'height': image.height, 'exact': exact,
            'rgb': base64.b64encode(image.tobytes()).decode()}


# --- PNG ----------------------------------------------------------------------------------------------

def chunk(name, data, crc=None):
    body = name + data
    return struct.pack('>I', len(data)) + body + struct.pack('>I', zlib.crc32(body) if crc is None else crc)


def filtered(row, above, step, kind):
    out = bytearray([kind])
    for i, value in enumerate(row):
        a, b = row[i - step] if i >= step else 0, above[i]
        c = above[i - step] if i >= step else 0
        p = a + b - c
        near = min((abs(p - a), 0, a), (abs(p - b), 1, b), (abs(p - c), 2, c))[2]
        out.append(value - [0, a, b, (a + b) // 2, near, 0][kind] & 255)
    return bytes(out)


def scanlines(width, height, bits, step, filters):
    stride, above, out = (width * bits + 7) // 8, None, b''
    for y in range(height):
        # What is in the picture: slopes, with noise in the lowest bits.
        row = bytes((x * 11 + y * 17 + draw.randrange(32)) & 255 for x in range(stride))
        out += filtered(row, above or bytes(stride), step, filters[y % len(filters)])
        above = row
    return out


def png(kind, depth, interlace=0, before=b'', after=b'', end=True, filters=(0, 1, 2, 3, 4), raw=None, split=None, size=(WIDTH, HEIGHT),
        data=None, level=9):
    width, height = size
    bits = SAMPLES[kind] * depth
    if raw is None:
        places = [((width - x + dx - 1) // dx, (height - y + dy - 1) // dy) for x, y, dx, dy in PASSES] if interlace else [size]
        raw = b''.join(scanlines(w, h, bits, max(1, bits // 8), filters) for w, h in places if w > 0)
    data = zlib.compress(raw, level) if data is None else data
    parts = [data] if split is None else [data[i:i + split] for i in range(0, len(data), split)]
    return (SIGNATURE + chunk(b'IHDR', struct.pack('>IIBBBBB', width, height, depth, kind, 0, 0, interlace)) + before
            + b''.join(chunk(b'IDAT', part) for part in parts) + after + (chunk(b'IEND', b'') if end else b''))


def palette(count):
    return chunk(b'PLTE', bytes(draw.randrange(256) for _ in range(3 * count)))


def exif(orientation, order='>'):
    mark = b'MM\0*' if order == '>' else b'II*\0'
    entries = [(0x010f, 2, 4, b'wi\0\0'), (0x0112, 3, 1, struct.pack(order + 'HH', orientation, 0))]
    return (mark + struct.pack(order + 'IH', 8, len(entries))
            + b''.join(struct.pack(order + 'HHI', *entry[:3]) + entry[3] for entry in entries) + bytes(4))


def profile():
    """A profile that is not sRGB: with its red and green exchanged."""
    data = bytearray(ImageCms.ImageCmsProfile(ImageCms.createProfile('sRGB')).tobytes())
    for at in range(132, 132 + 12 * struct.unpack('>I', data[128:132])[0], 12):
        name = bytes(data[at:at + 4])
        if name in (b'rXYZ', b'gXYZ'):
            data[at:at + 4] = b'gXYZ' if name == b'rXYZ' else b'rXYZ'
    return bytes(data)


def pngs():
    for kind, depths in {0: (1, 2, 4, 8, 16), 2: (8, 16), 3: (1, 2, 4, 8), 4: (8, 16), 6: (8, 16)}.items():
        for depth in depths:
            for interlace in (0, 1):
                before = palette(1 << depth) if kind == 3 else b''
                yield f'PNG of colour type {kind}, {depth} bits{", interlaced" if interlace else ""}', png(kind, depth, interlace, before)
    yield 'PNG, grey with a transparent grey', png(0, 8, before=chunk(b'tRNS', struct.pack('>H', 20)))
    yield 'PNG, colours with a transparent one', png(2, 8, before=chunk(b'tRNS', struct.pack('>HHH', 1, 2, 3)))
    yield 'PNG, a palette with alpha', png(3, 8, before=palette(256) + chunk(b'tRNS', bytes(range(200))))
    yield 'PNG, a palette that is short', png(3, 8, before=palette(5))
    yield 'PNG, no palette', png(3, 4)
    yield 'PNG, grey with a palette beside it', png(0, 8, before=palette(256))
    yield 'PNG with a gamma', png(2, 8, before=chunk(b'gAMA', struct.pack('>I', 100000)))
    yield 'PNG with chromaticities', png(2, 8, before=chunk(b'gAMA', struct.pack('>I', 45455)) + chunk(
        b'cHRM', struct.pack('>8I', 31270, 32900, 30000, 64000, 64000, 33000, 15000, 6000)))
    yield 'PNG with a profile', png(2, 8, before=chunk(b'iCCP', b'x\0\0' + zlib.compress(profile())))
    yield 'PNG with alpha and a profile', png(6, 8, before=chunk(b'iCCP', b'x\0\0' + zlib.compress(profile())))
    yield 'PNG, Display P3 by cICP', png(2, 8, before=chunk(b'cICP', bytes([12, 13, 0, 1])))
    for orientation in range(1, 9):
        yield f'PNG with orientation {orientation}', png(2, 8, before=chunk(b'eXIf', exif(orientation)))
    yield 'PNG with an orientation behind its pixels', png(2, 8, after=chunk(b'eXIf', exif(6, '<')))
    yield 'PNG with orientation 9', png(2, 8, before=chunk(b'eXIf', exif(9)))
    yield 'PNG with a broken orientation', png(2, 8, before=chunk(b'eXIf', b'MM\0*\0\0\0\xff'))
    yield 'PNG in small chunks', png(2, 8, split=7)
    yield 'PNG with an empty chunk', png(2, 8, before=chunk(b'IDAT', b''))
    yield 'PNG with stored data', png(2, 8, level=0)
    yield 'PNG, wide, of few codes', png(0, 8, size=(300, 2), filters=(0,))
    yield 'PNG without an end', png(2, 8, end=False)
    yield 'PNG and bytes behind it', png(2, 8) + b'bytes behind the end'
    yield 'PNG with a chunk that is cut behind its pixels', png(2, 8, end=False) + chunk(b'tEXt', b'a\0b' * 9)[:-20]
    yield 'PNG with an unknown filter', png(2, 8, filters=(0, 5))
    yield 'PNG with a wrong checksum of its data', png(2, 8, before=b'').replace(b'IEND', b'IEND')[:-16] + b'\0\0\0\0' + chunk(b'IEND', b'')
    yield 'PNG with a wrong checksum of its header', SIGNATURE + chunk(b'IHDR', png(2, 8)[16:29], 1) + png(2, 8)[33:]
    yield 'PNG with a wrong checksum of its gamma', png(2, 8, before=chunk(b'gAMA', struct.pack('>I', 45455), 1))
    rows = scanlines(WIDTH, HEIGHT, 24, 3, (0,))
    yield 'PNG with a wrong checksum of zlib', png(2, 8, data=zlib.compress(rows)[:-4] + b'abcd')
    yield 'PNG without a checksum of zlib', png(2, 8, data=zlib.compress(rows)[:-4])
    yield 'PNG whose data are two bytes short', png(2, 8, data=zlib.compress(rows)[:-6])
    yield 'PNG whose data end with row 5', png(2, 8, raw=rows[:5 * (WIDTH * 3 + 1)])
    yield 'PNG whose data end within row 5', png(2, 8, raw=rows[:5 * (WIDTH * 3 + 1) + 4])
    yield 'PNG of too many rows', png(2, 8, raw=rows + bytes(99))
    yield 'PNG of an unknown depth', SIGNATURE + chunk(b'IHDR', struct.pack('>IIBBBBB', 4, 4, 3, 2, 0, 0, 0)) + png(2, 8)[33:]
    yield 'PNG of no pixels', SIGNATURE + chunk(b'IHDR', struct.pack('>IIBBBBB', 0, 4, 8, 2, 0, 0, 0)) + png(2, 8)[33:]


def mutated(count):
    """PNG files of which some bytes are changed, with right checksums again where these have a say."""
    for i in range(count):
        kind, depth = draw.choice([(0, 1), (0, 8), (0, 16), (2, 8), (2, 16), (3, 2), (3, 8), (4, 8), (6, 8), (6, 16)])
        raw = zlib.decompress(b''.join(parts(png(kind, depth, i % 2, size=(7, 5)))))
        data = bytearray(zlib.compress(raw, draw.choice([0, 1, 9])) if i % 3 else zlib.compress(bytes(len(raw))))
        for _ in range(draw.randrange(1, 4)):
            data[draw.randrange(2 if i % 4 else 0, len(data))] = draw.randrange(256)
        yield f'mutated PNG {i}', png(kind, depth, i % 2, palette(3) if kind == 3 else b'', size=(7, 5), data=bytes(data))


def parts(data):
    at = 8
    while at < len(data):
        length = struct.unpack('>I', data[at:at + 4])[0]
        if data[at + 4:at + 8] == b'IDAT':
            yield data[at + 8:at + 8 + length]
        at += 12 + length


# --- JPEG and WebP ------------------------------------------------------------------------------------

def smooth(mode, size=(WIDTH, HEIGHT)):
    """A picture of few high frequencies, for codecs that lose some, with an alpha of its own."""
    image = Image.new('RGBA', size)
    image.putdata([(min(255, x * 18), min(255, y * 27), 128 + (x + y) * 4, (x * 40 + y * 31) % 256) for y in range(size[1]) for x in range(size[0])])
    if mode == 'CMYK':
        return image.convert('RGB').convert('CMYK')
    return image if mode == 'RGBA' else image.convert('RGB').convert(mode)


def saved(image, kind, **options):
    out = io.BytesIO()
    image.save(out, kind, **options)
    return out.getvalue()


def jpeg(mode='RGB', **options):
    return saved(smooth(mode), 'JPEG', **{'quality': 92, **options})


def without(data, marker):
    """A JPEG file without its first segment of a marker."""
    at = data.index(bytes([0xff, marker]))
    return data[:at] + data[at + 2 + struct.unpack('>H', data[at + 2:at + 4])[0]:]


def jpegs():
    for subsampling in ('4:4:4', '4:2:2', '4:2:0'):
        yield f'JPEG of {subsampling}', jpeg(subsampling=subsampling)
    yield 'JPEG, grey', jpeg('L')
    yield 'JPEG, progressive', jpeg(progressive=True)
    yield 'JPEG, progressive and grey', jpeg('L', progressive=True)
    yield 'JPEG with tables of its own', jpeg(optimize=True)
    yield 'JPEG, CMYK', jpeg('CMYK')
    yield 'JPEG without JFIF', without(jpeg(), 0xe0)
    yield 'JPEG, RGB by Adobe', without(jpeg(subsampling='4:4:4'), 0xe0)[:2] + b'\xff\xee\0\x0eAdobe\0\x64\0\0\0\0\0' + without(jpeg(subsampling='4:4:4'), 0xe0)[2:]
    yield 'JPEG with a profile', jpeg(icc_profile=profile())
    yield 'JPEG, grey with a profile of colours', jpeg('L', icc_profile=profile())
    for orientation in range(1, 9):
        yield f'JPEG with orientation {orientation}', jpeg(exif=b'Exif\0\0' + exif(orientation, '<>'[orientation % 2]), subsampling='4:4:4')
    yield 'JPEG with a comment', jpeg()[:2] + b'\xff\xfe\0\x06\xff\xd9\xff\xd9' + jpeg()[2:]
    yield 'JPEG with fill bytes', jpeg()[:2] + b'\xff\xff\xff' + jpeg()[2:]
    yield 'JPEG with bytes between segments', jpeg()[:20] + b'\0\1\2' + jpeg()[20:]
    yield 'JPEG and bytes behind it', jpeg() + b'bytes behind the end'
    yield 'JPEG and another behind it', jpeg() + jpeg('L')
    yield 'JPEG without an end', jpeg()[:-2]
    yield 'JPEG, progressive without an end', jpeg(progressive=True)[:-2]
    yield 'JPEG, half of it', jpeg()[:len(jpeg()) * 4 // 5]
    yield 'JPEG, its head', jpeg()[:100]
    yield 'JPEG with another marker for its end', jpeg()[:-1] + b'\x01'
    yield 'JPEG, progressive with another marker for its end', jpeg(progressive=True)[:-1] + b'\x01'
    yield 'JPEG with a segment of no length', jpeg()[:4] + b'\0\0' + jpeg()[6:]
    yield 'JPEG with a marker amid its data', jpeg()[:-60] + b'\xff\xe2' + jpeg()[-58:]
    yield 'JPEG of 12 bits', jpeg().replace(b'\xff\xc0\0\x11\x08', b'\xff\xc0\0\x11\x0c')


def riff(chunks):
    body = b'WEBP' + b''.join(name + struct.pack('<I', len(data)) + data + bytes(len(data) % 2) for name, data in chunks)
    return b'RIFF' + struct.pack('<I', len(body)) + body


def webp(mode='RGB', **options):
    return saved(smooth(mode), 'WEBP', **options)


def webps():
    for mode in ('RGB', 'RGBA'):
        yield f'WebP, lossless {mode}', webp(mode, lossless=True, exact=True), True
        yield f'WebP, lossy {mode}', webp(mode, quality=95), False
    yield 'WebP, lossless of few colours', saved(smooth('RGB').quantize(5).convert('RGB'), 'WEBP', lossless=True), True
    yield 'WebP, lossless with a profile', webp(lossless=True, icc_profile=profile()), True
    yield 'WebP, lossless with alpha and a profile', webp('RGBA', lossless=True, exact=True, icc_profile=profile()), True
    yield 'WebP, lossy with a profile', webp(quality=95, icc_profile=profile()), False
    for orientation in range(1, 9):
        yield f'WebP with orientation {orientation}', webp(lossless=True, exif=exif(orientation)), True
    yield 'WebP, lossy with orientation 6', webp(quality=95, exif=b'Exif\0\0' + exif(6)), False
    frames = [smooth('RGBA'), smooth('RGBA').transpose(Image.Transpose.ROTATE_180)]
    yield 'WebP, animated', saved(frames[0], 'WEBP', save_all=True, append_images=frames[1:], lossless=True, exact=True), True
    yield 'WebP and bytes behind it', webp(lossless=True) + b'bytes behind the end', True
    yield 'WebP, half of it', webp(lossless=True)[:-40], True
    yield 'WebP, lossy, half of it', webp(quality=95)[:-40], False
    yield 'WebP, its head', webp(lossless=True)[:24], True
    yield 'WebP, lossless, half of its data', half('VP8L', webp(lossless=True)), True
    yield 'WebP of no picture', riff([(b'VP8X', bytes([8, 0, 0, 0, 12, 0, 0, 8, 0, 0])), (b'EXIF', exif(1))]), True
    yield 'WebP of unknown flags', riff([(b'VP8X', bytes([65, 0, 0, 0, 12, 0, 0, 8, 0, 0])), (b'VP8L', webp(lossless=True)[20:])]), True
    yield 'WebP, animated without a header of that', saved(frames[0], 'WEBP', save_all=True, append_images=frames[1:], lossless=True).replace(b'ANIM', b'ANIX'), True
    plain = webp(quality=95)[20:]
    yield 'WebP of another size than it says', riff([(b'VP8X', bytes([0, 0, 0, 0, 20, 0, 0, 8, 0, 0])), (b'VP8 ', plain)]), False


def half(name, data):
    """Half of the data of a chunk, whose sizes are right again."""
    body = data[20:]
    return riff([(name.encode(), body[:len(body) // 2])])


def others():
    """Formats that only Pillow takes."""
    for kind, mode in (('GIF', 'P'), ('BMP', 'RGB'), ('BMP', '1'), ('BMP', 'P'), ('TIFF', 'RGB'), ('PPM', 'RGB')):
        yield f'{kind} of mode {mode}', saved(smooth(mode), kind)


def cuts():
    """Files of which Pillow takes some beginnings: the lengths of these."""
    small = (5, 4)
    files = {
        'PNG': png(2, 8, size=small, before=chunk(b'gAMA', struct.pack('>I', 45455)), after=chunk(b'tEXt', b'a\0b')),
        'PNG, interlaced': png(6, 8, 1, size=small), 'PNG in chunks': png(0, 8, size=small, split=30),
        'JPEG': saved(smooth('L', small), 'JPEG'), 'JPEG, progressive': saved(smooth('L', small), 'JPEG', progressive=True),
        'WebP, lossless': saved(smooth('RGB', small), 'WEBP', lossless=True), 'WebP, lossy': saved(smooth('RGB', small), 'WEBP'),
        'WebP with alpha': saved(smooth('RGBA', small), 'WEBP', exif=exif(6)),
    }
    return [{'name': name, 'file': base64.b64encode(data).decode(), 'taken': [n for n in range(len(data) + 1) if oracle(data[:n])]}
            for name, data in files.items()]


def fits():
    """What becomes of a picture of noise for the sizes that model.json may ask for."""
    ways = {'stretch': lambda image, size, colour: image.resize(size, BILINEAR), 'cover': lambda image, size, colour: ImageOps.fit(image, size, BILINEAR),
            'contain': lambda image, size, colour: ImageOps.pad(image, size, BILINEAR, colour)}
    for source in ((13, 9), (9, 13), (40, 7), (6, 6)):
        image = Image.frombytes('RGB', source, draw.randbytes(source[0] * source[1] * 3))
        targets = [{'fit': fit, 'width': width, 'height': height, 'background': [9, 80, 200],
                    'rgb': base64.b64encode(way(image, (width, height), (9, 80, 200)).tobytes()).decode()}
                   for fit, way in ways.items() for width, height in ((8, 8), (5, 12), (16, 3), (21, 20))]
        yield {'width': source[0], 'height': source[1], 'rgb': base64.b64encode(image.tobytes()).decode(), 'targets': targets}


def nearest():
    """Of rows of numbers, which ones stay; where a centre lies between two of them, the sum of Pillow's steps decides."""
    for before, after in [(10, 5), (6, 4), (100, 30), (250, 100), (254, 73), (99, 66), (12, 200), (7, 42)] + [
            (draw.randrange(2, 256), draw.randrange(2, 120)) for _ in range(24)]:
        row = Image.frombytes('L', (before, 1), bytes(range(before)))
        yield {'from': before, 'to': after, 'kept': list(row.resize((after, 1), Image.Resampling.NEAREST).tobytes())}


def main():
    cases = [case(name, data) for name, data in pngs()]
    cases += [case(name, data) for name, data in mutated(int(sys.argv[1]) if len(sys.argv) > 1 else 80)]
    cases += [case(name, data, False) for name, data in jpegs()]
    cases += [case(name, data, exact) for name, data, exact in webps()]
    cases += [case(name, data, exception='of PNG, JPEG and WebP alone') for name, data in others()]
    versions = {'program': f'Pillow {PIL.__version__}', 'by': f'libjpeg-turbo, libwebp {features.version("webp")}', 'script': 'tests/oracles/decode.py'}
    lines = ',\n'.join(json.dumps(one) for one in cases)
    lists = {'cuts': cuts(), 'fits': list(fits()), 'nearest': list(nearest())}
    more = ''.join(f',\n"{name}": [\n' + ',\n'.join(json.dumps(one) for one in rows) + '\n]' for name, rows in lists.items())
    target = sys.argv[2] if len(sys.argv) > 2 else os.path.join(os.path.dirname(os.path.abspath(__file__)), 'decode.json')
    with open(target, 'w', encoding='utf-8') as out:
        out.write(f'{{"oracle": {json.dumps(versions)},\n"cases": [\n{lines}\n]{more}}}\n')


main()
