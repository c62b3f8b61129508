"""Reading our registrations: for every token, for the page, for the doctor."""

import dataclasses
import datetime as dt
import threading
from typing import Any, Final

from cryptography.hazmat.primitives import hashes

from tenantry.graph.apps import App, Registration, registration, registration_in_settings
from tenantry.kit import clock
from tenantry.registrations import certificates
from tenantry.registrations.models import AppRegistration, Certificate, CertificateState
from tenantry.registrations.needs import PURPOSES, TITLES, Need, need_of
from tenantry.registrations.policies import EXPIRY_WARNING, OurKey

# Every process sees a new registration or a renewed key this soon; a replaced key stays valid far longer.
_FRESH_FOR: Final = dt.timedelta(seconds=5)
_memory: dict[App, tuple[Registration | None, dt.datetime]] = {}
_lock: Final = threading.Lock()


def kept(app: App) -> Registration | None:
    """The registration that this deployment keeps, when it has a certificate in use; from memory for a few seconds."""
    now = clock.now()
    with _lock:
        remembered = _memory.get(app)
    if remembered is not None and abs(now - remembered[1]) < _FRESH_FOR:
        return remembered[0]
    certificate = (
        Certificate.objects.select_related("registration")
        .filter(registration__app=app, state=CertificateState.CURRENT)
        .first()
    )
    found = None
    if certificate is not None:
        row = certificate.registration
        found = Registration(row.client_id, certificates.credential(certificate), row.name)
    with _lock:
        _memory[app] = (found, now)
    return found


def forget() -> None:
    """Have the next question answered from the database."""
    with _lock:
        _memory.clear()


@dataclasses.dataclass(frozen=True, slots=True)
class Standing:
    """One of our registrations as this deployment has it, without any secret.

    Attributes:
        app: which.
        ours: client id and name as in force.
        is_in_settings: the settings name it, and they win.
        row: what is kept; None when nothing ever was.
        current: the certificate in use, of the kept registration.
        waiting: one that is made and not proven.
        retiring: the one it replaced, while it is still valid.
        not_after: end of the certificate in use, wherever it comes from; None for a client secret.
    """

    app: App
    ours: Registration
    is_in_settings: bool
    row: AppRegistration | None
    current: Certificate | None
    waiting: Certificate | None
    retiring: Certificate | None
    not_after: dt.datetime | None

    @property
    def title(self) -> str:
        """Which app, in words."""
        return TITLES[self.app]

    @property
    def purpose(self) -> str:
        """What it is for."""
        return PURPOSES[self.app]

    @property
    def need(self) -> Need:
        """What it has to be."""
        return need_of(self.app)

    @property
    def is_set_up(self) -> bool:
        """Whether we can sign in as it."""
        return self.ours.is_set_up

    @property
    def days_left(self) -> int | None:
        """Days until the certificate in use expires; negative when it has."""
        return None if self.not_after is None else (self.not_after - clock.now()).days

    @property
    def is_ending(self) -> bool:
        """Whether it is time to renew the certificate."""
        return self.not_after is not None and self.not_after - clock.now() <= EXPIRY_WARNING

    @property
    def our_key(self) -> OurKey:
        """What signs in, for comparing."""
        if self.is_in_settings:
            return OurKey(thumbprint=_thumbprint(self.ours), ends_at=self.not_after)
        certificate = self.current or self.waiting
        if certificate is None:
            return OurKey()
        return OurKey(certificate.thumbprint, certificate.not_after, is_kept=True)

    @property
    def known_thumbprints(self) -> frozenset[str]:
        """Certificates that belong to us."""
        rows = (self.current, self.waiting, self.retiring)
        return frozenset(row.thumbprint for row in rows if row is not None)

    @property
    def seen(self) -> dict[str, Any]:
        """What the last check found."""
        return self.row.seen if self.row is not None else {}


def standing(app: App) -> Standing:
    """How one of our registrations stands here. Asks Microsoft nothing."""
    return _standing(app, AppRegistration.objects.filter(app=app).first())


def standing_in_settings(app: App) -> Standing:
    """The same for a deployment without a database yet: only the settings count."""
    return _standing(app, None)


def _standing(app: App, row: AppRegistration | None) -> Standing:
    rows = {c.state: c for c in row.certificates.exclude(state=CertificateState.REMOVED)} if row else {}
    is_in_settings = bool(registration_in_settings(app).client_id)
    ours = registration(app) if row is not None else registration_in_settings(app)
    current = rows.get(CertificateState.CURRENT)
    if is_in_settings:
        certificate = ours.credential.certificate
        not_after = certificate.not_valid_after_utc if certificate is not None else None
    else:
        not_after = current.not_after if current is not None else None
    return Standing(
        app=app,
        ours=ours,
        is_in_settings=is_in_settings,
        row=row,
        current=current,
        waiting=rows.get(CertificateState.NEW),
        retiring=rows.get(CertificateState.RETIRING),
        not_after=not_after,
    )


def standings() -> tuple[Standing, ...]:
    """Both of them."""
    return tuple(standing(app) for app in App)


def _thumbprint(ours: Registration) -> str:

    certificate = ours.credential.certificate
    return certificate.fingerprint(hashes.SHA1()).hex().upper() if certificate is not None else ""  # noqa: S303
