"""A city hall at work: three phones that are registered with kamailio, and a citizen on the carrier's line."""
from collections import Counter

import exchange
from exchange import PHONES, Exchange, Kamailio, Rtpengine
from live import Talking
from peers import Baresip

SPEECH = {"trunk": "water-question", "phone1": "transfer", "phone2": "water-answer", "phone3": "goodbye"}
NUMBERS = {"trunk": "0312345678", "phone1": "2001", "phone2": "2002", "phone3": "2003"}


class Hall(Talking):
    """Three registered phones around kamailio, and a citizen on the carrier's line."""

    def setUp(self):
        if exchange.MISSING:
            self.skipTest(f"not installed: {exchange.MISSING}; tools/packages/install tests")
        self.exchange = self.entered(Exchange(self.folder))
        self.rings, self.begun = Counter(), Counter()  # calls that came to a phone; calls that it had

    def open(self, *features: str, phones=PHONES, codecs=None, **options):
        """Everything that the exchange has, and a recorder that hears it from the start. codecs: of a phone by its
        place, if not PCMU; options: of every phone in the hall (Baresip)."""
        self.recorded = self.recorder(self.exchange)
        if "WITH_RTPENGINE" in features:
            Rtpengine(self.exchange)
        proxy = Kamailio(self.exchange, *features)
        hall = self.exchange.address("exchange")
        self.phones = {place: self.phone(self.exchange, place, NUMBERS[place], SPEECH[place], registrar=hall,
                                         answers=False, codec=f"{(codecs or {}).get(place, 'PCMU')}/8000/1", **options)
                       for place in phones}
        self.citizen = self.phone(self.exchange, "trunk", NUMBERS["trunk"], SPEECH["trunk"], answers=False)
        for place in phones:
            proxy.knows(NUMBERS[place])

    def dial(self, phone: Baresip, called: str):
        self.begun[phone] += 1
        phone.do("dial", f"sip:{called}@{self.exchange.address('exchange')}")

    def ring(self, phone: Baresip):
        """Waits until it rings once more."""
        self.rings[phone] += 1
        self.begun[phone] += 1
        phone.heard_of("CALL_INCOMING", self.rings[phone])

    def closed(self, *phones: Baresip):
        """Waits until none of them has a call left."""
        for phone in phones:
            phone.heard_of("CALL_CLOSED", self.begun[phone])

    def archived(self, *phones: Baresip) -> list[dict]:
        """Every record, oldest first, once all is over."""
        for phone in phones or [*self.phones.values(), self.citizen]:
            phone.close()
        self.stopped(self.recorded)
        return self.recorded.calls()
