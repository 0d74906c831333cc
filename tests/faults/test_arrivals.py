"""The bounds of one request on its way in, and of one answer on its way out."""

import socket
from contextlib import closing

import pytest

from portal.app import REQUEST_LIMIT
from portal.serving import arrivals, departures
from portal.serving.arrivals import Arrival
from portal.serving.departures import Departure

HEAD = b"POST /l/x HTTP/1.1\r\nHost: portail.example\r\n"


def takes_files(path: bytes) -> int:
    return 1_000_000 if path == b"/depot" else 0


def gathered(*pieces: bytes) -> Arrival:
    arrival = Arrival(takes_files)
    for piece in pieces:
        assert arrival.add(piece) is None
    return arrival


@pytest.mark.parametrize("size", [1, 3, 1_000])
def test_a_request_in_pieces_is_the_same_request(size: int) -> None:
    whole = HEAD + b"content-LENGTH:  7 \r\nAccept: */*\r\n\r\na=1&b=2"
    pieces = [whole[at : at + size] for at in range(0, len(whole), size)]
    assert not gathered(*pieces[:-1]).is_whole
    arrival = gathered(*pieces)
    assert arrival.is_whole
    assert bytes(arrival.received) == whole


@pytest.mark.parametrize(
    "rest",
    [
        b"\r\n",
        b"Content-Length: 0\r\n\r\n",
        b"Content-Length: %d\r\n\r\n" % (arrivals.BODY_LIMIT + 1),  # refused by the portal, unread
        b"Content-Length: douze\r\n\r\n",  # refused by gunicorn, unread
        b"Content-Length: 1234567890123456789\r\n\r\n",
        b"Content-Length: 2\r\n\r\nabGET / HTTP/1.1\r\n",  # the next request is begun
    ],
)
def test_a_head_that_suffices_does_not_wait(rest: bytes) -> None:
    assert gathered(HEAD + rest).is_whole


def test_what_cannot_be_bounded_is_refused() -> None:
    assert Arrival(takes_files).add(HEAD + b"Transfer-Encoding: chunked\r\n\r\n") == 411
    arrival = gathered(b"GET / HTTP/1.1\r\nX: ", b"x" * (arrivals.HEAD_LIMIT - 100))
    assert arrival.add(b"x" * 100) == 431


def test_whoever_asks_to_go_on_is_told_to() -> None:
    asked = HEAD + b"Expect: 100-continue\r\nContent-Length: 2\r\n\r\n"
    assert gathered(asked).asks_to_go_on
    assert not gathered(asked + b"ab").asks_to_go_on
    assert not gathered(asked.replace(b"HTTP/1.1", b"HTTP/1.0")).asks_to_go_on


def test_head_and_body_have_their_time() -> None:
    for arrival, seconds in (
        (gathered(HEAD), arrivals.HEAD_SECONDS),
        (gathered(HEAD + b"Content-Length: 9\r\n\r\n"), arrivals.WHOLE_SECONDS),
    ):
        assert not arrival.is_late(arrival.since + seconds - 0.1, hurried=False)
        assert arrival.is_late(arrival.since + seconds + 0.1, hurried=False)
        assert arrival.is_late(arrival.since + arrivals.HURRIED_SECONDS + 0.1, hurried=True)


def test_everything_the_portal_admits_is_waited_for() -> None:
    assert arrivals.BODY_LIMIT == REQUEST_LIMIT


# --- Files


def upload(octets: int, path: bytes = b"/depot") -> bytes:
    return b"POST %s?x=1 HTTP/1.1\r\nContent-Length: %d\r\n\r\n" % (path, octets)


def test_files_wait_on_disk_and_are_read_from_there() -> None:
    octets = arrivals.BODY_LIMIT + 1
    arrival = gathered(upload(octets) + b"begin")
    assert bytes(arrival.received) == upload(octets)  # memory holds the head alone
    while not arrival.is_whole:
        assert arrival.add(b"x" * arrival.room) is None
    assert arrival.room == 0  # what follows belongs to the next request
    arrival.rewind()
    body = b"".join(iter(lambda: arrival.recv(100_000), b""))
    assert (len(body), body[:6]) == (octets, b"beginx")
    arrival.close()


@pytest.mark.parametrize("path", [b"/connexion", b"/depot/autre"])
def test_only_a_page_that_takes_files_has_them_gathered(path: bytes) -> None:
    arrival = gathered(upload(arrivals.BODY_LIMIT + 1, path))
    assert arrival.is_whole
    assert arrival.is_cut
    assert arrival.upload is None
    assert arrival.recv(10) == b""


def test_no_more_than_its_page_takes() -> None:
    assert gathered(upload(1_000_001)).is_cut
    arrival = gathered(upload(1_000_000))
    assert not arrival.is_cut
    arrival.close()


def test_a_length_read_in_two_ways_ends_the_connection() -> None:
    for length in (b"1234567890123456789", b"+7", b"7, 7", b"7\r\nContent-Length: 7"):
        assert gathered(HEAD + b"Content-Length: " + length + b"\r\n\r\n").is_cut


def test_files_keep_up_a_pace() -> None:
    """A phone on a bad line does; whoever holds a place with an octet now and then does not."""
    arrival = gathered(upload(1_000_000))
    start = arrivals.UPLOAD_START
    assert not arrival.is_late(arrival.since + start - 0.1, hurried=False)
    assert arrival.is_late(arrival.since + start + 0.1, hurried=False)
    arrival.add(b"x" * 20 * arrivals.UPLOAD_PACE)
    assert not arrival.is_late(arrival.since + start + 19.9, hurried=False)
    assert arrival.is_late(arrival.since + start + 20.1, hurried=False)
    arrival.close()


# --- Answers


def test_an_answer_never_waits_for_its_reader() -> None:
    """What does not leave at once is held, in order, until the other side takes it."""
    ours, theirs = socket.socketpair()
    with closing(ours), closing(theirs):
        departure = Departure(ours)
        whole = bytes(range(256)) * 8_000
        departure.sendall(whole[:1_000_000])
        departure.sendall(whole[1_000_000:])
        assert departure.held
        read = b""
        while not departure.go_on():
            read += theirs.recv(1_000_000)
        read += theirs.recv(2_000_000)
        assert read == whole
        late = departure.since + departures.START_SECONDS + len(whole) / departures.PACE
        assert not departure.is_late(late - 0.1, hurried=False)
        assert departure.is_late(late + 0.1, hurried=False)
        hurried = departure.since + departures.HURRIED_SECONDS
        assert departure.is_late(hurried + 0.1, hurried=True)
