"""Fifty used cars of a Mexican dealer: make, model, year, price in pesos."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal

from worker.domain.entities.car import Car, ListingObservation, PriceObservation

_CARS = """
Nissan          Versa         2018  189000.00
Nissan          Versa         2021  245900.00
nissan          versa         2019  205000.00
NISSAN          VERSA         2018  189000.00
Nissan          Sentra        2020  298500.00
Nissan          March         2017  149000.00
Nissan          Kicks         2022  379999.99
Nissan          NP300         2019  310000.00
Nissan          X-Trail       2021  465000.00
Nissan          Tsuru         2015   72500.00
Volkswagen      Jetta         2019  285000.00
Volkswagen      Jetta         2022  398000.00
Volkswagen      Vento         2018  178000.00
Volkswagen      Polo          2021  255000.00
Volkswagen      Tiguan        2020  459000.00
volkswagen      GOL           2016  119900.00
Chevrolet       Aveo          2020  199000.00
Chevrolet       Onix          2022  269000.00
Chevrolet       Beat          2019  135500.00
Chevrolet       Trax          2018  239000.00
SEAT            León          2019  305000.00
Seat            LEÓN          2021  389000.00
SEAT            Ibiza         2018  209900.00
SEAT            Arona         2022  369000.00
SEAT            Leon          2014  142000.00
ŠKODA           Octavia       2016  215000.00
Škoda           OCTAVIA       2017  232000.00
Skoda           Octavia       2015  198000.00
Citroën         C3            2022  289000.00
CITROËN         c3            2021  272000.00
Renault         Kwid          2021  178000.00
Renault         Mégane R.S.   2019  512000.00
Renault         Duster        2020  265000.00
Renault         Logan         2018  165000.00
Toyota          Corolla       2021  369000.00
Toyota          Yaris         2019  232500.00
Toyota          Hilux         2022  589000.00
Toyota          RAV4          2020  492000.00
Honda           Civic         2019  345000.00
Honda           CR-V          2018  359000.00
Honda           City          2021  298000.00
Honda           HR-V          2019  319000.00
Mazda           3             2020  342000.00
Mazda           CX-5          2021  475000.00
Mazda           2             2018  219000.00
Kia             Rio           2020  238000.00
KIA             Forte         2022  335000.00
Hyundai         Grand i10     2019  176000.00
BMW             X5            2018  698000.00
Mercedes-Benz   Clase A       2021  645000.00
"""


def _read(number: int, line: str) -> Car:
    make, model, year, price = (cell.strip() for cell in line.split("  ") if cell)
    at = datetime(2026, 1, 1, tzinfo=UTC) + timedelta(days=number % 7)  # about seven to a tie
    observed = PriceObservation(Decimal(price), at, "/dealers/cdmx", f"dealer-{number}")
    listing = ListingObservation.by_creation(observed)
    return Car(f"MX-CDMX-{number:06}", make, model, int(year), observed, listing)


MEXICAN_CARS = [_read(number, line) for number, line in enumerate(_CARS.strip().splitlines())]
