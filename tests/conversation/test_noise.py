"""Words in a message that are not part of an order: addresses, payment, questions, small talk."""

import pytest

from recado.conversation.dialogue import Dialogue, Phase
from tests.quotes.shops import catalogue

CATALOGUE = catalogue()
ORDER = {"CAM-001": 2, "ACC-001": 1}
NOISE = (
    "a qué hora abren?",
    "están abiertos el domingo?",
    "dónde están ubicados?",
    "hacen envíos a Medellín?",
    "cuánto tarda en llegar a Quito?",
    "aceptan nequi?",
    "puedo pagar contra entrega?",
    "mi dirección es calle 80 # 12-34 barrio La Paz",
    "te paso la ubicación ahorita",
    "soy Carlos, vivo en Providencia",
    "el pago es con yape o plin?",
    "tienen local en el centro?",
    "es para regalo, lo pueden envolver?",
    "me das factura?",
    "a nombre de María Fernanda López, cédula 1020304050",
    "mi whatsapp es 3001234567",
    "ya hice la transferencia",
    "te mando el comprobante",
    "deja lo consulto con mi esposo",
    "déjame ver y te aviso",
    "ahorita te digo",
    "un momento",
    "espera",
    "mmm",
    "jajaja",
    "ok gracias, déjame pensarlo",
    "uy está carito",
    "hay descuento por cantidad?",
    "cuál es el mínimo de compra?",
    "la ropa es original?",
    "de qué material es la camisa?",
    "qué tallas manejan?",
    "es talla M",
    "la camisa en talla L porfa",
    "cuánto me sale el envío a 2 cuadras del parque?",
    "llegará antes de las 6?",
    "me lo traen mañana a las 10?",
    "entrego a mi hermano, él recibe",
    "buenas noches",
    "hola?",
    "disculpe la demora",
    "vale, cuánto es el envío?",
    "tienen garantía?",
    "son 3 personas en la casa",
    "llevo 2 días esperando respuesta",
    "la última vez me llegó tarde",
    "me llegó mal el pedido anterior",
    "tengo 20 años comprando con ustedes",
    "pago con 2 billetes de 50",
    "si pago en efectivo hay descuento?",
    "puedo recoger en tienda?",
    "quiero saber si hacen envíos",
    "me gustaría saber cuánto demora",
    "necesito que llegue el viernes",
    "quiero pagar con tarjeta",
    "me confirmas la dirección?",
    "me puedes mandar una foto?",
    "tienes fotos de la camisa?",
    "es para mi hijo de 5 años",
    "somos 4 amigas",
)
AGREED = (
    "sí, calle 80 # 12-34 apto 501",
    "ok aprobado, dirección: Mz B Lt 14 Urb. Las Flores",
    "sí, Mz. B Lt. 14",
    "sí, a la urb. Los Sauces",
    "dale, conjunto Los Robles casa 12",
    "dale, a nombre de María Fernanda López",
    "ok, pago con 100",
    "listo, nequi al 3001234567",
    "va, te transfiero en la tarde",
    "sí señor, envíelo a mi casa",
    "perfecto, muchas gracias",
    "de una, parce",
    "hágale pues",
    "listo, quedo atento",
    "sí, me lo mandas mañana a las 10",
    "sí por favor, para hoy si se puede",
    "confirmo, mi cédula es 1020304050",
    "ok confirmado, transferencia",
    "está bien, tráigalo a la oficina 302",
    "sale, paso por él a las 5",
    "sí, somos 4 en la casa",
    "todo perfecto, mándelo",
    "dale, gracias genio",
    "joya, dale",
    "ya, mándalo nomás",
    "sí, entrega en portería torre 2",
    "sí sí, eso mismo",
    "de acuerdo, procede",
    "simón, ya quedó",
    "sí, ya hice el yape",
    "ok va, con factura por favor",
    "sí, a la misma dirección de siempre",
    "claro que sí, muchas gracias",
    "me parece bien, adelante",
    "sí quiero",
    "sí, lo quiero para el viernes",
    "listo, ahí te deposito",
    "sí, tengo 500 en efectivo",
    "ok, llevo cambio de 200",
    "va, así mero",
    "sí, pedido para Juan Camisón",
    "sí, avenida Reforma 222 piso 4",
    "sí, quedo pendiente del domiciliario",
    "sí, somos vecinos de la zapatería",
    "sí, no hay problema",
    "ok, no pasa nada",
    "sí, pero a las 5",
    "sí, pero pago con tarjeta",
    "sí, pago con un billete de 50 y 3 de 10",
    "sii, cra 7 no 80-12, llego a las 5, tarjeta",
    "sí así, el evento es el 12 a las 8",
    "sí, y un abrazo",
    "sí, y me avisas",
    "claro",
    "sí, col. Del Valle 123",
    "ok, ahí te mando la captura",
    "dale, pásame el alias",
    "sí, no falta nada",
    "sí, así está bien, no agregues nada",
    "déjalo así y confirma",
    "hágale que llegue rápido",
)

HELD = (
    # something that may be a product
    "perfecto, y un zarape",
    "dale, y tres pupusas",
    "sí, y un combo familiar",
    "dale, y unos tirantes",
    "sí, y una para mi mamá",
    "sí, y dos para mi hermano",
    "sí, y lo mismo para mi hermano",
    "sí, y 2 kilos de papa",
    "sí, te pedí una bufanda también",
    "sí, te pedí un zarape también",
    # a quality that the catalogue does not tell apart
    "sí pero la gorra roja",
    "sí, pero azules",
    "sí, con camisas negras",
    "sí, con una gorra azul",
    "sí, pero camisa de mujer",
    # a no, a doubt, a condition, a question
    "sí, no",
    "sí, mejor no",
    "bueno, no",
    "sí, todavía no",
    "creo que sí",
    "sí, pero espera",
    "sí, pero no estoy seguro",
    "sí, pero si es de algodón",
    "sí, si me haces descuento",
    "ok, pero quiero ver fotos",
    "sí, pero antes dime si la gorra es de lana",
    # a change that does not say of what
    "sí, cámbiala",
    "dale, réstale una",
    "sí, dos más",
    # the list is complete, but that is not a yes
    "ya está, eso nomás",
)


def after(text: str) -> tuple[Phase, dict[str, object]]:
    """The state of the conversation after an order and this message."""
    dialogue = Dialogue(CATALOGUE)
    dialogue.say("2 camisas y 1 gorra")
    dialogue.say(text)
    return dialogue.state, {line.sku: line.quantity for line in dialogue.lines}


@pytest.mark.parametrize("text", NOISE)
def test_noise_changes_nothing(text: str) -> None:
    """It changes no line and no quantity, and it is not a yes."""
    assert after(text) == (Phase.OPEN, ORDER)


@pytest.mark.parametrize("text", AGREED)
def test_a_yes_counts_with_noise_around_it(text: str) -> None:
    """And the noise adds nothing."""
    assert after(text) == (Phase.CONFIRMED, ORDER)


@pytest.mark.parametrize("text", HELD)
def test_a_yes_is_held_back_by_what_is_not_accounted_for(text: str) -> None:
    """Nothing is confirmed before it is clear, and the quote stays as it is."""
    assert after(text) == (Phase.OPEN, ORDER)
