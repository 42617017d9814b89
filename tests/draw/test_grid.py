import pytest
from PIL import Image

from enogu.draw.grid import sample_grid
from enogu.errors import ConfigError

RED, BLUE = (255, 0, 0), (0, 0, 255)


def square(colour, size=(64, 64)):
    return Image.new("RGB", size, colour)


def test_pictures_stand_row_by_row():
    sheet = sample_grid([square(RED), square(BLUE), square(RED)], ["", "", ""], columns=2)
    assert sheet.size == (8 + 2 * 72, 8 + 2 * 72)
    assert sheet.getpixel((8, 8)) == RED
    assert sheet.getpixel((80, 8)) == BLUE
    assert sheet.getpixel((8, 80)) == RED
    assert sheet.getpixel((100, 100)) == (255, 255, 255)


def test_labels_take_room_under_the_pictures():
    without = sample_grid([square(RED)], [""])
    labelled = sample_grid([square(RED)], ["seed 1"])
    assert labelled.height > without.height
    below = labelled.crop((8, 8 + 64, 72, labelled.height))
    assert min(below.convert("L").tobytes()) < 100


def test_long_labels_are_broken_and_shortened_inside_their_cell():
    sheet = sample_grid([square(RED)] * 2, ["word " * 200, "x" * 500], columns=1)
    assert sheet.width == 80
    assert sheet.height < 400
    assert sheet.crop((74, 0, 80, sheet.height)).getextrema() == ((255, 255),) * 3


def test_pictures_of_other_sizes_and_modes_are_centred():
    small = Image.new("L", (32, 16), 0)
    sheet = sample_grid([square(RED), small], ["a", "b"])
    assert sheet.getpixel((80 + 32, 8 + 32)) == (0, 0, 0)
    assert sheet.getpixel((80 + 2, 8 + 2)) == (255, 255, 255)


def test_the_number_of_columns_is_never_more_than_the_pictures():
    assert sample_grid([square(RED)], [""], columns=9).width == 80


@pytest.mark.parametrize(
    ("images", "labels", "columns"), [([], [], None), ([square(RED)], [], None)]
)
def test_a_label_for_each_picture_is_asked_for(images, labels, columns):
    with pytest.raises(ConfigError, match="one label per picture"):
        sample_grid(images, labels, columns=columns)


def test_columns_must_be_positive():
    with pytest.raises(ConfigError, match="1 column or more"):
        sample_grid([square(RED)], ["a"], columns=0)
