"""What the folders of models have in common that trainers and tests write in the Hugging Face layout."""


def labels(names):
    """The two tables of a classifier's config.json."""
    return {
        "id2label": {str(index): name for index, name in enumerate(names)},
        "label2id": {name: index for index, name in enumerate(names)},
    }


def pictures(processor, side, **more):
    """A preprocessor_config.json for pictures: square, from -1 to 1."""
    return {
        "image_processor_type": processor,
        "do_resize": True,
        "size": {"height": side, "width": side},
        "resample": 2,
        "do_rescale": True,
        "rescale_factor": 1 / 255,
        "do_normalize": True,
        "image_mean": [0.5, 0.5, 0.5],
        "image_std": [0.5, 0.5, 0.5],
        **more,
    }
