#!/usr/bin/python3
"""What Python's base64 and urllib decode: the rows of tests/unit/wire/base64_test.c, which this prints.

    /usr/bin/python3 tests/oracles/base64_rows.py
"""
import base64
import json
import platform
import urllib.request

BYTES = bytes((i * 167 + 11) % 256 for i in range(57)) + b'\xfb\xef\xff'
LINES = base64.encodebytes(BYTES).decode()
ONE = LINES.replace('\n', '')
SAFE = base64.urlsafe_b64encode(BYTES).decode()
URIS = ['data:image/png;base64,Zm9vYg==', 'DATA:image/JPEG;base64,Zm9vYg==', 'data:image/jpg;base64,Zm9v',
        'data:;base64,Zm9vYg==', 'data:text/plain;charset=utf-8;base64,Zm9v', 'data:image/png;charset=utf-8;base64,Zm9v',
        'data:image/png;name=a%20b.png;base64,Zm9v', 'data:image/png;name="a;b=c.png";base64,Zm9vYmFy',
        'data:audio/x-wav;codecs=1;base64,++//', 'data:application/octet-stream;base64,Zm9v%0AYmFy',
        'data:image/png;base64,%2B%2b%2F/', 'data:image/png;base64,Zg%3D%3D', f'data:image/webp;base64,{LINES}',
        'data:image/png;base64,' + LINES.replace('\n', '\r\n'), 'data:image/gif;base64,Zm9vYg==']
TEXTS = ['Zg==', 'Zm8=', 'Zm9v', 'Zm9vYmFy', '++//', LINES, LINES.replace('\n', '\r\n'), ONE, ' Zm9v\t', 'Zm\n9v', 'Zg=\n=']
# Python's decoders want the padding that others leave out, and the alphabet for URLs has one of its own.
SAFE_TEXTS = [SAFE, SAFE.rstrip('='), '--__', 'Zg', 'Zm8']


def rows():
    for uri in URIS:
        with urllib.request.urlopen('data' + uri[4:]) as answer:
            yield uri, answer.read()
    for text in TEXTS:
        yield text, base64.decodebytes(text.encode())
    for text in SAFE_TEXTS:
        yield text, base64.urlsafe_b64decode(text + '=' * (-len(text) % 4))


print(f'/* Python {platform.python_version()}: urllib.request for URIs, base64 for what is none. */')
for text, decoded in rows():
    print('    {%s, "%s"},' % (json.dumps(text), decoded.hex()))
