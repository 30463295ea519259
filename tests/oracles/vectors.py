"""
/usr/bin/python3 tests/oracles/vectors.py: makes tests/oracles/vectors.json anew. What NumPy makes of rows that are made
here, from a generator with a fixed seed: the principal components by a singular value decomposition, one batch step of a
self-organising map with its errors, files of numpy.save in base64, and tables of Python's csv.writer.
"""
import base64
import csv
import io
import json
import os
import sys

import numpy as np

SIDE, RADIUS, DIMENSIONS, ROWS = 8, 1.5, 7, 60
draw = np.random.default_rng(59)


def plain(array, digits=9):
    """Numbers as JSON has them, as precise as 32 bits are."""
    return [float(f'{one:.{digits}g}') for one in np.asarray(array, dtype=np.float64).ravel()]


def single(array):
    """As 32-bit floats that JSON gives back exactly."""
    return np.asarray(array, dtype=np.float32)


# --- principal components -------------------------------------------------------------------------------

def components(rows):
    """The mean, the first three directions with their largest number above 0, and their shares of the variance."""
    mean = rows.astype(np.float64).mean(axis=0)
    _, singular, directions = np.linalg.svd(rows.astype(np.float64) - mean, full_matrices=False)
    variances = singular ** 2 / (len(rows) - 1)
    shown = np.zeros((3, rows.shape[1]))
    for i, direction in enumerate(directions[:3]):
        shown[i] = direction * np.sign(direction[np.argmax(np.abs(direction))])
    found = np.zeros(3)
    found[:min(3, len(variances))] = variances[:3]
    return {'mean': plain(mean), 'components': plain(shown), 'variances': plain(found), 'shares': plain(found / variances.sum())}


def component_cases():
    long = draw.normal(size=(ROWS, DIMENSIONS)) * np.array([5, 3, 2, 1, 0.5, 0.2, 0.1])
    turned = long @ np.linalg.qr(draw.normal(size=(DIMENSIONS, DIMENSIONS)))[0] + draw.normal(size=DIMENSIONS) * 10
    wide = draw.normal(size=(12, 40)) * np.linspace(4, 0.1, 40)
    line = np.outer(draw.normal(size=20), [1, 2])
    cases = {'turned': turned, 'more numbers than rows': wide, 'two numbers, on a line': line}
    return [{'name': name, 'rows': len(rows), 'dimensions': rows.shape[1], 'values': plain(single(rows)), **components(single(rows))}
            for name, rows in cases.items()]


# --- a step of a map --------------------------------------------------------------------------------------

def step(rows, weights):
    """The nearest two cells of each row, both errors, and the vectors after a batch step, with every row on its own."""
    data, cells = rows.astype(np.float64), weights.astype(np.float64)
    distances = np.linalg.norm(data[:, None, :] - cells[None, :, :], axis=2)
    order = np.argsort(distances, axis=1, kind='stable')
    best, second = order[:, 0], order[:, 1]
    place = np.stack([np.arange(SIDE * SIDE) % SIDE, np.arange(SIDE * SIDE) // SIDE], axis=1)
    apart = np.abs(place[best] - place[second]).max(axis=1) > 1
    near = np.exp(-((place[best][:, None, :] - place[None, :, :]) ** 2).sum(axis=2) / (2 * RADIUS ** 2))
    updated = (near.T @ data) / near.sum(axis=0)[:, None]
    return {'best': best.tolist(), 'second': second.tolist(), 'quantisation': float(distances.min(axis=1).mean()),
            'topographic': float(apart.mean()), 'updated': plain(updated)}


def step_case():
    rows, weights = single(draw.normal(size=(ROWS, DIMENSIONS))), single(draw.normal(size=(SIDE * SIDE, DIMENSIONS)))
    return {'side': SIDE, 'radius': RADIUS, 'dimensions': DIMENSIONS, 'values': plain(rows), 'weights': plain(weights), **step(rows, weights)}


# --- files ------------------------------------------------------------------------------------------------

def saved(rows, columns):
    array = single(np.arange(rows * columns).reshape(rows, columns) / 4)
    file = io.BytesIO()
    np.save(file, array)
    return {'rows': rows, 'columns': columns, 'values': plain(array), 'file': base64.b64encode(file.getvalue()).decode()}


def table():
    rows = [['label', 'x'], ['plain', 1], ['a, comma', -2.5], ['a "quote"', 0], ['two\nlines', 3], ['a\rreturn', 4], ['', 5], ['  spaces ', 6], ['Größe 漢字', 7]]
    text = io.StringIO(newline='')
    csv.writer(text).writerows(rows)
    return {'rows': rows, 'text': text.getvalue()}


made = {'made_by': f'NumPy {np.__version__}, Python {sys.version.split()[0]}', 'components': component_cases(), 'step': step_case(),
        'npy': [saved(3, 4), saved(0, 5), saved(1, 1), saved(12, 33)], 'csv': table()}
with open(os.path.join(os.path.dirname(__file__), 'vectors.json'), 'w', encoding='utf-8') as file:
    json.dump(made, file, ensure_ascii=False)
    file.write('\n')
