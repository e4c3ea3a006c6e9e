# What figures, the numbers of the text and the paper are made from.
from papermatrix import figures, numbers

NUMBERS = str(Path(matrix.project.paper.main).parent / "numbers.tex")
FIGURE_FORMS = [f".{form}" for form in figures.FORMS]


def figure_files():
    """Every figure whose table is there."""
    declared = matrix.project.paper.figures
    shown = [name for name, figure in declared.items() if figure.table in matrix.cells]
    return [f"results/figures/{name}{form}" for name in shown for form in FIGURE_FORMS]


def results_of_figure(wildcards):
    jobs = found(figures.jobs_of_figure, matrix, wildcards.figure)
    refuse_stale(jobs.values())
    return [str(job.folder / RESULT) for job in jobs.values()]


def drawn(wildcards):
    """All else that a figure shows."""
    return canonical_json(found(figures.drawn_from, matrix, wildcards.figure, store))


def results_of_numbers(wildcards):
    jobs = found(numbers.jobs_of_numbers, matrix)
    refuse_stale(jobs.values())
    return [str(job.folder / RESULT) for job in jobs.values()]


def numbered(wildcards):
    """All else that the text's numbers depend on."""
    return canonical_json(found(numbers.numbered_from, matrix, store))


def tables_of_paper(wildcards):
    return [f"results/{table}.tex" for table in matrix.cells]


def figures_of_paper(wildcards):
    return [file for file in figure_files() if file.endswith(".pdf")]
