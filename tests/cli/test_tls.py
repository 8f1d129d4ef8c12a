"""TLS on either side: it works, and files that can't be used are named before gRPC gets them."""

import pytest
from servers import serving

trustme = pytest.importorskip("trustme")


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """PEM files: an authority, a certificate and its key, another one's key; and two that hold none."""
    folder = tmp_path_factory.mktemp("tls")
    authority = trustme.CA()
    authority.cert_pem.write_to_path(folder / "ca")
    issued = authority.issue_cert("127.0.0.1", "localhost")
    issued.cert_chain_pems[0].write_to_path(folder / "cert")
    issued.private_key_pem.write_to_path(folder / "key")
    authority.issue_cert("localhost").private_key_pem.write_to_path(folder / "other-key")
    (folder / "notes").write_text("no PEM at all")
    (folder / "broken").write_text("-----BEGIN CERTIFICATE-----\nno\n-----END CERTIFICATE-----\n")
    return folder


@pytest.fixture(scope="module")
def mutual(folder):
    """A server that wants a certificate of its callers."""
    files = {"--tls-cert": "cert", "--tls-key": "key", "--tls-client-ca": "ca"}
    with serving(*(part for name, file in files.items() for part in (name, str(folder / file)))) as server:
        yield server


def test_options_and_environment_reach_a_server_with_tls(sqldojo, folder, mutual):
    command = ("tasks", "show", "explore/retail_shop/unrated-suppliers", "--address", mutual.address)
    options = ("--tls-ca", folder / "ca", "--tls-cert", folder / "cert", "--tls-key", folder / "key")
    shown = sqldojo(*command, *map(str, options))
    assert (shown.returncode, shown.stderr) == (0, "")
    again = sqldojo(
        *command, **{f"SQLDOJO_TLS_{name.upper()}": str(folder / name) for name in ("ca", "cert", "key")}
    )
    assert again.stdout == shown.stdout


@pytest.mark.parametrize(
    ("files", "said"),
    [
        ({"cert": "cert"}, "needs both --tls-cert and --tls-key"),
        ({"key": "key"}, "needs both --tls-cert and --tls-key"),
        ({"cert": "cert", "key": "other-key"}, "are no certificate and its key"),
        ({"cert": "broken", "key": "key"}, "are no certificate and its key"),
        ({"cert": "notes", "key": "key"}, "notes holds no PEM"),
        ({"cert": "cert", "key": "absent"}, "absent"),
        ({"ca": "notes"}, "notes holds no PEM"),
        ({"ca": "broken"}, "broken holds no certificate"),
    ],
)
def test_files_that_cannot_be_used_are_named(sqldojo, folder, files, said):
    paths = {name: str(folder / file) for name, file in files.items()}
    asking = ("tasks", "list", "--address", "127.0.0.1:1")
    serving_ = ("serve", "--address", "127.0.0.1:0", "--journal", "none")
    by_options = [part for name, path in paths.items() for part in (f"--tls-{name}", path)]
    calls = [
        sqldojo(*asking, *by_options),
        sqldojo(*asking, **{f"SQLDOJO_TLS_{name.upper()}": path for name, path in paths.items()}),
        sqldojo(*serving_, *(part.replace("--tls-ca", "--tls-client-ca") for part in by_options)),
    ]
    for call in calls:
        assert call.returncode == 2
        assert said in " ".join(call.stderr.replace("│", " ").split()).replace("- ", "-")
        assert "Traceback" not in call.stderr
    assert all(call.stderr.count("\n") <= 2 for call in calls[:2])  # and gRPC says nothing
