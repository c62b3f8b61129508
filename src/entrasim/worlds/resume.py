"""What a kept world remembers of its beginning, so that the next run finds its way and may be given other options."""

import argparse
import dataclasses
from typing import TYPE_CHECKING

from entrasim.keeping.store import CannotKeepError
from entrasim.state import AppRegistration, Certificate
from entrasim.worlds.describe import describe_tenant
from entrasim.worlds.harbour_it import LAGS, HarbourIT

if TYPE_CHECKING:
    from entrasim.handle import Handle


@dataclasses.dataclass(slots=True)
class KeptApp:
    """An app of the world as it was registered; people may change or delete the registration."""

    client_id: str
    name: str
    secret: str


@dataclasses.dataclass(slots=True)
class Origin:
    """The options that built a world, and its parts by name."""

    world: str
    seed: int = 0
    lag: str = "none"
    redirect_uris: dict[str, list[str]] = dataclasses.field(default_factory=dict)  # by app
    apps: dict[str, KeptApp] = dataclasses.field(default_factory=dict)
    partner_id: str = ""
    customers: dict[str, str] = dataclasses.field(default_factory=dict)  # tenant ids by key

    def info(self, handle: "Handle") -> dict[str, object]:
        """The world's part of the info file."""
        if not self.partner_id:
            return {"world": self.world, "apps": {}, "tenants": []}
        return {
            "world": self.world,
            "lag": self.lag,
            "apps": {key: dataclasses.asdict(app) for key, app in self.apps.items()},
            "partner": describe_tenant(handle.tenant(self.partner_id)),
            "tenants": [{"key": key, **describe_tenant(handle.tenant(id_))} for key, id_ in self.customers.items()],
        }


def redirect_uris(given: argparse.Namespace) -> dict[str, list[str]]:
    """The addresses given on the command line, by app."""
    own = given.elevation_redirect_uri
    return {"helpdesk": list(given.redirect_uri), "elevation": list(given.redirect_uri if own is None else own)}


def origin_of(world: HarbourIT, given: argparse.Namespace) -> Origin:
    """What to remember of a world that was just built."""
    apps = {"helpdesk": world.helpdesk, "elevation": world.elevation}
    return Origin(
        world="harbour-it",
        seed=world.seed,
        lag=given.lag,
        redirect_uris=redirect_uris(given),
        apps={key: KeptApp(app.app_id, app.display_name, app.secrets[0]) for key, app in apps.items()},
        partner_id=world.partner.id,
        customers={key: tenant.id for key, tenant in world.customers.items()},
    )


def resume(handle: "Handle", origin: Origin, given: argparse.Namespace) -> None:
    """Let the options of this run hold in a kept world: only what differs from the run before is changed.

    Raises:
        CannotKeepError: another world, or one of another seed, was asked for.
    """
    if given.world != origin.world or (origin.partner_id and given.seed != origin.seed):
        raise CannotKeepError(
            f"The kept world {given.keep} is {origin.world} of seed {origin.seed}, not {given.world} of seed "
            f"{given.seed}. Choose another file with --keep, or remove this one to begin anew."
        )
    context = handle.context
    certificates = {"helpdesk": given.helpdesk_certificate, "elevation": given.elevation_certificate}
    wanted = redirect_uris(given)
    for key, kept in origin.apps.items():
        app = context.world.apps.get(kept.client_id)
        if app is None:
            continue
        before = origin.redirect_uris.get(key, [])
        if before != wanted[key]:
            added_since = [uri for uri in app.redirect_uris if uri not in before]
            app.redirect_uris = list(dict.fromkeys([*wanted[key], *added_since]))
        if certificates[key]:
            _upload(app, certificates[key].read_text(encoding="utf-8"))
    origin.redirect_uris = wanted if origin.apps else {}
    if origin.customers and origin.lag != given.lag:
        for tenant_id in origin.customers.values():
            context.world.tenants[tenant_id].lag = dataclasses.replace(LAGS[given.lag])
            context.world.touch(tenant_id)
        origin.lag = given.lag


def _upload(app: AppRegistration, pem: str) -> None:
    if pem not in {certificate.pem for certificate in app.certificates}:
        app.certificates.append(Certificate(pem))
