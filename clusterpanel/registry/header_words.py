"""The words registers head their columns with, in English, Swedish, German and Dutch, by canonical column."""

import re
import unicodedata

HEADER_WORDS = {
    "firm_id": (
        "firm_id firmid firm company_id companyid company_number enterprise_id ent_id entid bvd_id "
        "orgnr org_nr peorgnr peorgnrlopnr organisationsnummer organisationsnr foretag foretag_id "
        "foretagsid unternehmen unternehmen_id unternehmens_id unternehmensnummer firmen_id "
        "firmennummer bedrijf_id bedrijfsnummer be_id beid kvk kvknr kvk_nummer ondernemingsnummer"
    ),
    "site_id": (
        "site_id siteid site plant_id plantid plant establishment_id estid workplace_id local_unit_id "
        "luid cfar cfarnr cfar_nr arbetsstalle arbetsstalle_id arbetsstallenummer arbst_id betrieb "
        "betrieb_id betnr betriebsnummer betriebs_id betriebsnr vestiging vestiging_id "
        "vestigingsnummer vep_id"
    ),
    "year": "year yr fiscal_year accounting_year ar artal bokslutsar jahr berichtsjahr jaar boekjaar",
    "birth_year": (
        "birth_year start_year founded foundation_year year_of_birth startar registreringsar "
        "grundungsjahr gruendungsjahr oprichtingsjaar startjaar incorporation_date registration_date "
        "birth_date start_date grundungsdatum gruendungsdatum oprichtingsdatum registreringsdatum "
        "startdatum"
    ),
    "death_year": (
        "death_year end_year exit_year closure_year slutar avregistreringsar schliessungsjahr endjahr "
        "eindjaar opheffingsjaar death_date end_date closure_date dissolution_date "
        "avregistreringsdatum slutdatum schliessungsdatum enddatum einddatum opheffingsdatum"
    ),
    "industry_code": (
        "industry_code industry industry_class nace nace_code nace_rev2 nace2 nace_rev_2 naics sic "
        "sic_code isic sni sni2002 sni2007 sni_kod sni_code sni92 bransch branschkod wz wz2008 "
        "wz_2008 wz08 branche branchencode wirtschaftszweig sbi sbi2008 sbi_code activity_code"
    ),
    "country_code": "country_code country iso_country landkod land landcode landeskennung",
    "region_code": (
        "region_code region nuts nuts3 nuts_code lan lankod kommun kommunkod municipality "
        "municipality_code kreis kreis_code ags gemeindeschlussel gemeindeschluessel gemeente "
        "gemeentecode county"
    ),
    "address": (
        "address street street_address address1 adress gatuadress besoksadress gata strasse anschrift "
        "adresse straat adres straatnaam"
    ),
    "postcode": "postcode postal_code zip zipcode zip_code postnr postnummer plz postleitzahl",
    "place": (
        "place city town post_town ort postort stad ortsname stadt gemeinde plaats woonplaats plaatsnaam"
    ),
    "latitude": "latitude lat breddgrad breitengrad breedtegraad wgs84_lat",
    "longitude": ("longitude lon lng long langdgrad longitud langengrad laengengrad lengtegraad wgs84_lon"),
    "easting": "easting x x_coord xcoord ostkoordinat sweref99_e rechtswert x_koord rd_x",
    "northing": "northing y y_coord ycoord nordkoordinat sweref99_n hochwert y_koord rd_y",
    "employment": (
        "employment employees staff headcount workers number_of_employees anst antanst antal_anst "
        "antal_anstallda anstallda sysselsatta beschaftigte beschaeftigte mitarbeiter "
        "anzahl_beschaftigte anzahl_beschaeftigte werknemers werkzame_personen aantal_werknemers "
        "personeel"
    ),
    "wage_bill": (
        "wage_bill wages payroll salaries loner lonesumma lonsumma loenesumma lohn lohne loehne "
        "lohnsumme gehalter loonsom lonen loon"
    ),
    "revenue": (
        "revenue sales turnover net_sales omsattning nettoomsattning umsatz umsatzerlose umsatzerloese omzet"
    ),
    "value_added": "value_added gva foradlingsvarde wertschopfung wertschoepfung toegevoegde_waarde",
    "capital": (
        "capital total_assets assets kapital anlaggningstillgangar anlagevermogen anlagevermoegen kapitaal"
    ),
    "death_cause": "death_cause exit_cause orsak avregistreringsorsak schliessungsgrund reden_opheffing",
}
CANONICAL = {word.replace("_", ""): name for name, words in HEADER_WORDS.items() for word in words.split()}


def plain_word(header: str) -> str:
    """Return a header in lower-case ASCII letters, digits and underscores, beginning with a letter."""
    ascii_only = unicodedata.normalize("NFKD", header.replace("ß", "ss")).encode("ascii", "ignore").decode()
    spaced = re.sub(r"([a-z0-9])([A-Z])", r"\1_\2", ascii_only)
    word = re.sub(r"[^a-z0-9]+", "_", spaced.lower()).strip("_")
    return word if word[:1].isalpha() else f"column_{word}".rstrip("_")


def canonical_guess(header: str) -> str | None:
    """Return the canonical column a header probably means, if any."""
    return CANONICAL.get(plain_word(header).replace("_", ""))
