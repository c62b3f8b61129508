import csv
import pathlib

import pytest

from tenantry.directory import products

SKUS = pathlib.Path(__file__).resolve().parents[3] / "shared" / "reference" / "skus.csv"
NOT_LISTED_THERE = {"OFFICESUBSCRIPTION", "POWER_BI_PRO"}


@pytest.mark.reference
def test_licences_have_the_names_of_the_official_list() -> None:
    if not SKUS.exists():
        pytest.skip("the official table skus.csv is not beside the repository")
    with SKUS.open(newline="", encoding="utf-8-sig") as lines:
        official = {line["part_number"].upper(): line["product_name"] for line in csv.DictReader(lines)}
    named = {number: products.product_name(number) for number in products._NAMES}
    assert {number: name for number, name in named.items() if official.get(number) != name}.keys() == NOT_LISTED_THERE
    unnamed = [number for number, name in official.items() if number not in named and "_HUB" not in name + number]
    assert unnamed == []


def test_whatever_the_case_a_part_number_has_its_name_and_an_unknown_one_stays() -> None:
    assert products.product_name("Microsoft_365_F1_EEA_(no_Teams)") == "Microsoft 365 F1 EEA (no Teams)"
    assert products.product_name("SPE_E3") == "Microsoft 365 E3"
    assert products.product_name("Something_New") == "Something_New"
