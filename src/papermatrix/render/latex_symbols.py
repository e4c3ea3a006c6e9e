"""Symbols beyond ASCII in LaTeX: which its text fonts have, and what stands for the others.

What pdfLaTeX knows depends on the encoding of its fonts; these are the letters that OT1 and T1 both have,
and those of T1 alone.
"""

from __future__ import annotations

_SMALL = (
    "alpha beta gamma delta varepsilon zeta eta theta iota kappa lambda mu nu xi mathrm{o} pi rho varsigma"
    " sigma tau upsilon varphi chi psi omega"
)
_CAPITAL = (
    "mathrm{A} mathrm{B} Gamma Delta mathrm{E} mathrm{Z} mathrm{H} Theta mathrm{I} mathrm{K} Lambda mathrm{M}"
    " mathrm{N} Xi mathrm{O} Pi mathrm{P} - Sigma mathrm{T} Upsilon Phi mathrm{X} Psi Omega"
)
"""There is no capital of the final sigma."""
_GREEK = {
    chr(start + index): name
    for start, names in ((0x391, _CAPITAL), (0x3B1, _SMALL))
    for index, name in enumerate(names.split())
    if name != "-"
}
_MATHEMATICS = {
    "\u2264": "leq",
    "\u2265": "geq",
    "\u2260": "neq",
    "\u2248": "approx",
    "\u2261": "equiv",
    "\u223c": "sim",
    "\u226a": "ll",
    "\u226b": "gg",
    "\u221d": "propto",
    "\u2208": "in",
    "\u2209": "notin",
    "\u2282": "subset",
    "\u2286": "subseteq",
    "\u222a": "cup",
    "\u2229": "cap",
    "\u221e": "infty",
    "\u221a": "surd",
    "\u2211": "sum",
    "\u220f": "prod",
    "\u2202": "partial",
    "\u2207": "nabla",
    "\u222b": "int",
    "\u2218": "circ",
    "\u2219": "bullet",
    "\u2295": "oplus",
    "\u2297": "otimes",
    "\u2200": "forall",
    "\u2203": "exists",
    "\u2205": "emptyset",
    "\u2225": "parallel",
    "\u22a5": "perp",
    "\u2194": "leftrightarrow",
    "\u21d0": "Leftarrow",
    "\u21d2": "Rightarrow",
    "\u21d4": "Leftrightarrow",
    "\u2032": "prime",
    "\u2113": "ell",
    "\u2713": "checkmark",
    "\u2717": "times",
}
_STANDS_FOR = {
    **{symbol: rf"\ensuremath{{\{name}}}" for symbol, name in (_GREEK | _MATHEMATICS).items()},
    **{chr(0x2080 + digit): rf"\ensuremath{{_{digit}}}" for digit in range(10)},
    **{chr(0x2070 + digit): rf"\ensuremath{{^{digit}}}" for digit in (0, *range(4, 10))},
    "\u2212": r"\ensuremath{-}",
}
_T1_ALONE = frozenset(
    "\u00ab\u00bb\u00d0\u00de\u00f0\u00fe\u0104\u0105\u0110\u0111\u0118\u0119\u012e\u012f\u014a\u014b"
    "\u0172\u0173\u201a\u201e\u2039\u203a"
)
_KNOWN = (
    (0x0020, 0x007E),
    (0x00A1, 0x00FF),
    (0x0100, 0x0125),
    (0x0128, 0x0137),
    (0x0139, 0x013E),
    (0x0141, 0x0148),
    (0x014C, 0x0165),
    (0x0168, 0x017E),
    (0x0218, 0x021B),
    (0x2010, 0x2016),
    (0x2018, 0x2019),
    (0x201C, 0x201D),
    (0x2020, 0x2022),
    (0x2026, 0x2026),
    (0x2030, 0x2031),
    (0x20AC, 0x20AC),
    (0x2103, 0x2103),
    (0x2116, 0x2116),
    (0x2122, 0x2122),
    (0x2190, 0x2193),
)
"""First and last of each range."""


def latex_symbol(char: str) -> str:
    """Return a character as LaTeX shows it; of one that its fonts lack, the number: `U+65E5`."""
    if char in _STANDS_FOR:
        return _STANDS_FOR[char]
    if char in _T1_ALONE:
        return rf"{{\fontencoding{{T1}}\selectfont {char}}}"
    is_known = any(first <= ord(char) <= last for first, last in _KNOWN)
    return char if is_known else rf"\texttt{{U+{ord(char):04X}}}"
