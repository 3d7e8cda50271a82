import time

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.data import load_data
from engine.data.filefacts import read_facts
from engine.data.prepare import prepare_file
from engine.dataspec import DataFacts
from engine.problem import DataError, Problem
from tests.helpers.data import checked, input_params
from tests.helpers.data import refusal as refusal_of


@pytest.fixture
def write(tmp_path):
    def save(content, **values):
        path = tmp_path / "data.csv"
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return input_params(**{"dataset": "csv", "path": str(path), "val_fraction": 0.0, **values})

    return save


def refusal(params):
    problem = refusal_of(params)
    assert "data.csv" in problem.message
    return problem


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
@pytest.mark.parametrize("newline", ["\n", "\r\n"])
@pytest.mark.parametrize("mark", ["", "\ufeff"])
def test_delimiters_newlines_and_byte_order_marks(write, delimiter, newline, mark):
    rows = [("a", "b c", "kind"), ("1", "2.5", "cat"), ("-3", "4e1", "dog"), ("5", ".5", "cat")]
    data = checked(write(mark + newline.join(delimiter.join(row) for row in rows) + newline))
    assert data.facts.fields[0].columns == ("a", "b c")
    assert data.train["x"].tolist() == [[1, 2.5], [-3, 40], [5, 0.5]]
    assert data.classes == ("cat", "dog")
    assert data.train["y"].tolist() == [0, 1, 0]


def test_without_a_header(write):
    data = checked(write("1,2,x\n3,4,y\n"))
    assert data.facts.fields[0].columns == ("column 1", "column 2")
    assert data.facts.counts == (2, 0, 0)


def test_columns_are_chosen_by_name(write):
    text = "id,weight,kind,height\n7,1,a,10\n8,2,b,20\n9,3,a,30\n"
    data = checked(write(text, features=["height", "weight"], target="kind"))
    assert data.train["x"].tolist() == [[10, 1], [20, 2], [30, 3]]
    assert data.train["y"].tolist() == [0, 1, 0]
    number = checked(write(text, features=["weight"]))
    assert number.train["y"].tolist() == [[10], [20], [30]]
    assert number.facts.fields[1].columns == ("height",)


@pytest.mark.parametrize(
    ("column", "kind", "classes"),
    [
        (["0", "1", "0", "1"], "auto", ("0", "1")),
        (["10", "2", "10", "2"], "auto", ("2", "10")),
        (["1", "2", "3", "4"], "auto", ()),
        (["1", "2", "3", "4"], "classes", ("1", "2", "3", "4")),
        (["1.0", "2.0", "1.0", "2.0"], "auto", ()),
        (["0", "1", "0", "1"], "numbers", ()),
        (["b", "a", "B", "a"], "auto", ("B", "a", "b")),
        (["1", "a", "1", "a"], "auto", ("1", "a")),
    ],
)
def test_kind_of_target(write, column, kind, classes):
    data = checked(write("x,y\n" + "".join(f"{i},{label}\n" for i, label in enumerate(column)), target_type=kind))
    assert data.classes == classes
    if classes:
        assert [classes[index] for index in data.train["y"]] == column


def test_quoted_cells_blank_lines_and_rows_of_delimiters(write):
    data = checked(write('a,b\n\n1,"x, y"\n"2","line one\nline two"\n,\n3,"say ""no"""\n\n'))
    assert data.train["x"].tolist() == [[1], [2], [3]]
    assert data.classes == ("line one\nline two", 'say "no"', "x, y")


@pytest.mark.parametrize(
    ("content", "code", "words"),
    [
        ("a,b\n1,2\n3\n", "D02", "row 3 has 1 cell; the first row has 2"),
        ("a,b\n1,2\n3,4,5\n", "D02", "row 3 has 3 cells"),
        ('a,b\n1,"x\ny"\n2,z,z\n', "D02", "row 3 has 3 cells"),
        ("a,b\n", "D02", "a header but no rows"),
        ("\n\n", "D02", "holds no rows"),
        ("a\n1\n2\n", "D02", "single column"),
        ("a,a\n1,2\n", "D02", 'two columns are called "a"'),
        ("a,b\n1,2.5\n,3.5\n", "D04", 'row 3, column "a" is empty'),
        ("a,b\n1,2.5\nNaN,3.5\n", "D04", 'row 3, column "a" is missing ("NaN")'),
        ("a,b\n1,2.5\nNA,3.5\n", "D04", 'column "a" is missing ("NA")'),
        ("a,b\n1,2.5\ninf,3.5\n", "D04", 'the cell holds "inf"'),
        ("a,b\n1,2.5\n1_000,3.5\n", "D04", 'the cell holds "1_000"'),
        ("a,b\n1,2.5\nabc,3.5\n", "D04", 'column "a": a number is expected but the cell holds "abc"'),
        ("a;b\n1;2\n1,5;2,5\n", "D04", 'row 3, column "a": "1,5" has a decimal comma'),
        ("a,b\n1,x\n2,\n", "D04", 'row 3, column "b" is empty'),
        ('a,b\n1,"x\n2,y\n', "D02", "row 2: unexpected end of data"),
        ('a,b\n1,2\n"x" ,y\n', "D02", "row 3: ',' expected after '\"'"),
        (b"a,b\n1,caf\xe9\n", "D02", "byte 0xe9 is not UTF-8"),
        ("a,b\n1,2\n".encode("utf-16"), "D02", "UTF-16"),
        (b"PK\x03\x04rest", "D02", "Excel"),
        (b"a,b\n1,\x002\n", "D02", "not a text file"),
        ("a,b\n1," + "x" * 200_000 + "\n", "D02", "field larger than field limit"),
    ],
)
def test_broken_tables(write, content, code, words):
    problem = refusal(write(content))
    assert problem.code == code
    assert words in problem.message


def test_a_slip_in_a_numeric_target_is_reported(write):
    text = "x,y\n" + "".join(f"{i},{i * 1.5}\n" for i in range(40)) + "40,6o.0\n"
    assert 'row 42, column "y": a number is expected but the cell holds "6o.0"' in refusal(write(text)).message


@pytest.mark.parametrize(
    ("values", "words", "hint"),
    [
        ({"target": "hieght"}, 'no column "hieght"', 'Did you mean "height"?'),
        ({"target": "zzz"}, 'no column "zzz"', "Its columns are weight, height."),
        ({"features": ["height"]}, '"height" is both', "Choose another"),
        ({"features": ["Weight"]}, 'no column "Weight"', 'Did you mean "weight"?'),
    ],
)
def test_columns_that_are_not_there(write, values, words, hint):
    params = write("weight,height\n1,2.5\n3,4.5\n", **values)
    problem = read_facts(params, None)
    assert isinstance(problem, Problem)
    assert problem.code == "D05"
    assert words in problem.message
    assert hint in problem.hint


cells = st.floats(-1e6, 1e6).map(repr) | st.integers(-99, 99).map(str)


@settings(max_examples=40)
@given(st.lists(st.tuples(cells, cells, st.sampled_from(["a", "b c", 'q"x', "d,e", "f;g"])), min_size=1, max_size=20))
def test_what_pythons_writer_writes_is_read_back(tmp_path_factory, rows):
    import csv

    path = tmp_path_factory.mktemp("csv") / "data.csv"
    with path.open("w", newline="", encoding="utf-8") as file:
        csv.writer(file).writerows([("one", "two", "kind"), *rows])
    data = checked(input_params(dataset="csv", path=str(path), val_fraction=0.0, target_type="classes"))
    assert np.array_equal(data.raw["train"]["x"], [[float(a), float(b)] for a, b, _ in rows])
    assert [data.classes[index] for index in data.train["y"]] == [kind for _, _, kind in rows]


@settings(max_examples=100)
@given(st.binary(min_size=1, max_size=200) | st.text(alphabet='a1,;\t"\n\r .-', min_size=1).map(str.encode))
def test_any_bytes_are_a_table_or_one_clear_error(tmp_path_factory, content):
    path = tmp_path_factory.mktemp("csv") / "data.csv"
    path.write_bytes(content)
    params = input_params(dataset="csv", path=str(path), val_fraction=0.0)
    facts = read_facts(params, None)
    if isinstance(facts, DataFacts):
        assert load_data(params).facts == facts
    else:
        assert facts.code in ("D02", "D04", "D05")
        assert "data.csv" in facts.message


def test_time_grows_with_the_file_and_not_faster(write):
    def seconds(rows):
        params = write("a,b,c\n" + "".join(f"{i},{i}.5,{i % 3}\n" for i in range(rows)))
        start = time.process_time()
        assert isinstance(read_facts(params, None), DataFacts)
        return time.process_time() - start

    seconds(1000)
    assert seconds(20_000) < 30 * max(seconds(2_000), 0.005)


GAPS = "a,b,c,y\n1,,3,10.5\n2,5,6,20.5\nNA,8,?,30.5\n4,11,12,\n5,14,15,50.5\n"


def test_missing_cells_are_told_at_once(write):
    problem = refusal(write(GAPS))
    assert problem.message == (
        '"data.csv" has 4 missing cells in 3 of 5 rows: 1 in "b", 1 in "a", 1 in "c" and 1 in "y". '
        "They are in rows 2, 4 and 5."
    )
    assert "drop (which leaves 2 rows) or to mean" in problem.hint
    assert problem.fix == ("choose", (("set", "missing", "drop"), ("set", "missing", "mean")))


def test_rows_with_missing_cells_are_left_out(write):
    data = checked(write(GAPS, missing="drop"))
    assert data.train["x"].tolist() == [[2, 5, 6], [5, 14, 15]]
    assert data.train["y"].tolist() == [[20.5], [50.5]]
    assert (data.facts.left_out, data.facts.filled) == (3, 0)


def test_missing_cells_take_the_mean_of_the_training_part(write, tmp_path):
    rows = [(i, "" if i % 3 == 0 else i * i, i / 2) for i in range(30)] + [(99, 1, "")]
    params = write("a,b,y\n" + "".join(f"{a},{b},{y}\n" for a, b, y in rows), missing="mean", val_fraction=0.4)
    data = checked(params)
    assert (data.facts.left_out, data.facts.filled, sum(data.facts.counts)) == (1, 10, 30)
    known = [i * i for i in data.train["x"][:, 0].tolist() if i % 3]
    for part in (data.train, data.val):
        filled = {b for a, b in part["x"].tolist() if a % 3 == 0}
        assert list(filled) == pytest.approx([sum(known) / len(known)])
        assert all(b == a * a for a, b in part["x"].tolist() if a % 3)
    asked = tmp_path / "asked.csv"
    asked.write_text("a,b\n3,\n4,16\n")
    prepared = prepare_file(data, asked)
    assert prepared.x.tolist() == [[3, pytest.approx(sum(known) / len(known))], [4, 16]]
    assert prepared.notes == ("1 missing cell filled with the mean of the column.",)


def test_missing_cells_of_what_is_to_be_predicted_are_refused_where_those_of_the_data_are(write, tmp_path):
    asked = tmp_path / "asked.csv"
    asked.write_text("a\n3\n\n?\n-\n")
    with pytest.raises(DataError, match=r'has 2 missing cells in 2 of 3 rows: 2 in "a"\.') as caught:
        prepare_file(checked(write("a,y\n1,2.5\n3,3.5\n")), asked)
    assert caught.value.fix == ()


@pytest.mark.parametrize(
    ("labels", "classes", "left"),
    [
        (["cat", "", "dog", "NA"], ("NA", "cat", "dog"), 1),
        (["0", "NA", "1", "0", "1"], ("0", "1"), 1),
        (["0.5", "?", "1.5"], (), 1),
    ],
)
@pytest.mark.parametrize("missing", ["drop", "mean"])
def test_a_missing_target_costs_its_row(write, labels, classes, left, missing):
    data = checked(write("x,y\n" + "".join(f"{i},{label}\n" for i, label in enumerate(labels)), missing=missing))
    assert data.classes == classes
    assert data.facts.left_out == left
    assert len(data.train["x"]) == len(labels) - left


def test_any_word_is_a_class_where_classes_are_asked_for(write):
    text = "x,y\n1,0\n2,NA\n3,1\n"
    assert checked(write(text, target_type="classes")).classes == ("0", "1", "NA")
    assert 'row 3, column "y" is missing ("NA")' in refusal(write(text)).message


@pytest.mark.parametrize(
    ("content", "missing", "words"),
    [
        ("a,b\n,1.5\n2,\n", "drop", "Every row"),
        ("a,b\n1,\n2,\n", "mean", "Every row"),
        ("a,c,b\n,1,1.5\n?,2,2.5\n", "mean", 'column "a" of "data.csv" holds no number'),
    ],
)
def test_nothing_is_left_of_a_table(write, content, missing, words):
    problem = refusal(write(content, missing=missing))
    assert problem.code == "D04"
    assert words in problem.message


def test_decimal_commas_are_read_where_they_are_asked_for(write):
    text = "a;b;y\n1,5;2;0,25\n-2e3;,5;1,75\n"
    problem = refusal(write(text))
    assert problem.fix == ("set", "decimal", "comma")
    data = checked(write(text, decimal="comma"))
    assert data.train["x"].tolist() == [[1.5, 2], [-2000, 0.5]]
    assert data.train["y"].tolist() == [[0.25], [1.75]]
    problem = refusal(write(text.replace(",5", ".5"), decimal="comma"))
    assert '"1.5" has a decimal point' in problem.message
    assert problem.fix == ("set", "decimal", "point")
    assert 'holds "1.234,5"' in refusal(write("a;y\n1.234,5;1\n2,5;2,5\n", decimal="comma")).message


def test_columns_of_text_can_be_left_out(write):
    text = "color,size,shape,y\n" + "".join(f"red,{i},round,{i}.5\n" for i in range(3))
    problem = refusal(write(text))
    assert '3 of 3 cells in the column "color" of "data.csv" are no numbers; the first is "red" in row 2.' in (
        problem.message
    )
    assert 'cells in "shape", too' in problem.message
    assert problem.fix == ("set", "features", ("size",))
    _, name, value = problem.fix
    assert checked(write(text, **{name: value})).train["x"].tolist() == [[0], [1], [2]]
