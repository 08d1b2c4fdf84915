import json
from tests.bot.support import Dial
def test_dump(serve):
    service = serve(dial=Dial(confidence=0.95))
    talk = service.talk(customer={"name": "Kim Byron", "email": "kim@example.org", "attributes": {"plan": "pro"}}, page_url="https://shop.example/returns")
    print(talk.say("Hi, how do I return a bicycle? My order number is B-4471"))
    service.dial.confidence = 0.45
    print(talk.say("that didn't help. I already tried to print the label in Firefox 128 and it says \"Label could not be created\", error E-204"))
    service.dial.confidence = 0.05
    print(talk.say("How do I return a bicycle without a label? I paid 349.00 EUR on 12 March. Call me on +44 20 7946 0958."))
    print(talk.say("This is ridiculous, you useless bot. My account is DE89 3704 0044 0532 0130 00 for the refund"))
    agent = service.agent()
    with service.client(headers=agent) as a:
        id = a.get("/api/handoffs").json()["items"][0]["id"]
        claimed = a.post(f"/api/handoffs/{id}/claim")
        a.post(f"/api/handoffs/{id}/reply", json={"text": "Hello Kim, I'm looking into it."})
        talk.say("Thanks, I also have a second order, #B-4490")
        p = a.get(f"/api/handoffs/{id}").json()
    json.dump(p, open("/tmp/h/packet_example.json", "w"), indent=1, ensure_ascii=False)
