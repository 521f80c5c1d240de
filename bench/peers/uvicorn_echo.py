"""An echo as an ASGI application, with no framework between it and uvicorn."""


async def app(scope, receive, send):
    if scope["type"] != "websocket":
        return
    while True:
        event = await receive()
        if event["type"] == "websocket.connect":
            await send({"type": "websocket.accept"})
        elif event["type"] == "websocket.receive":
            event["type"] = "websocket.send"
            await send(event)
        else:
            return
